// What a list of messages needs of whatever it shows: a conversation, or one thread of it.

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Item } from "../matrix/fold";
import type { Future, Past } from "./stretch";

/** Where the reader is to be brought; a new object each time, so that the same place can be asked for twice. */
export type Goal = { to: "latest" } | { to: "unread" } | { to: "message"; event_id: string };

export interface Reading {
  readonly items: ReadonlySignal<Item[]>;
  readonly past: ReadonlySignal<Past>;
  readonly future: ReadonlySignal<Future>;
  readonly goal: Signal<Goal | undefined>;
  /** Messages after the stretch that is in memory, as far as they are known to be there. */
  readonly beyond: ReadonlySignal<number>;
  /** Its messages come to the front: what is new begins after what was read before. */
  beginReading(): void;
  older(): Promise<void>;
  newer(): Promise<void>;
  toLatest(): void;
  /** The latest message is in front of the person's eyes. */
  seen(): void;
  /** Whether the reader is at the end of what is loaded. */
  at(end: boolean): void;
}
