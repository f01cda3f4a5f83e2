// What changed, said after it was stored. The tab that stored it tells its own models and the other tabs of this browser,
// so that every window shows the same.

import type { AccountData, Member, Pending, Progress, Receipt, Room, SyncStatus, Timeline, Typing } from "./record";

/** The new value of everything that changed; what is absent did not change. */
export interface Change {
  rooms?: Room[];
  removed?: string[];
  timelines?: Timeline[];
  members?: Member[];
  receipts?: Receipt[];
  /** The latest event that a device of each person has. */
  delivered?: Receipt[];
  typing?: Typing[];
  pending?: Pending[];
  /** Account data for all the person does; that of single rooms is in `rooms`. */
  data?: AccountData[];
  /** Transaction ids that are no longer waiting: they arrived, or were discarded. */
  settled?: string[];
  /** Files on their way; told often, and kept nowhere. */
  progress?: Progress[];
  /** Rooms in which something waits to be sent that no model shows. */
  unsent?: string[];
  /** How the tab that syncs is getting on. */
  status?: SyncStatus;
  /** A tab that does not sync itself asks for the status, or to try now. */
  ask?: "status" | "wake";
  /** The session is over, and the store goes with it. */
  ended?: Ending;
}

/** Why a session ended other than by signing out in this tab: in another tab, or at the server. */
export type Ending = "elsewhere" | "revoked";

export type Listener = (change: Change) => void;

/** The one place from which models hear of changes. */
export class Changes {
  readonly #listeners = new Set<Listener>();
  readonly #channel: BroadcastChannel;
  #closed = false;

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (message) => this.#tell(message.data as Change);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** After `close` there is no one left to tell. */
  announce(change: Change): void {
    if (this.#closed) return;
    this.#tell(change);
    this.#channel.postMessage(change);
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
    this.#listeners.clear();
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
