// The stretch of a conversation that is in memory: from somewhere in the past to the latest message, or to somewhere before
// it, when the reader jumped back or an outage left a gap. It grows at either end as the reader comes near, and gives up
// what is far from them, so that fifty thousand messages cost no more than a few hundred.

import { batch, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { joined, withRedactions } from "../matrix/apply";
import type { MatrixEvent } from "../matrix/event";
import type { Timeline } from "../matrix/record";
import { around, messagesFrom, type Page } from "../matrix/room";

export type Past = "more" | "loading" | "failed" | "start";
/** live: the stretch ends with the latest message. */
export type Future = "live" | "more" | "loading" | "failed";

/** Events kept in memory at most, and how many stay when that is exceeded. */
const most = 1_600;
const kept = 1_200;

/** Events around one that was jumped to. */
const surroundings = 50;

export class Stretch {
  readonly events = signal<MatrixEvent[]>([]);
  readonly past = signal<Past>("more");
  readonly future = signal<Future>("live");
  /** The latest events, as sync keeps them, whether the stretch reaches them or not. */
  readonly latest = signal<MatrixEvent[]>([]);
  /** Somebody is reading it: a gap must not take what they read away. */
  held = false;
  /** The reader is at the end of it. */
  atEnd = true;
  #before: string | undefined;
  #after: string | undefined;
  #latestBefore: string | undefined;
  /** Grows when the stretch begins anew: a page that was asked for before belongs nowhere then. */
  #turn = 0;

  constructor(
    private readonly account: Account,
    private readonly roomId: string,
  ) {}

  /** Joins the timeline that sync keeps to what is in memory. */
  follow(timeline: Timeline): void {
    this.latest.value = timeline.events;
    this.#latestBefore = timeline.before;
    const old = this.events.value;
    if (this.future.value !== "live") {
      this.events.value = withRedactions(old, timeline.events);
      this.#reach();
      return;
    }
    const { events, fromKnown, bridged } = joined(old, timeline.events, true);
    if (!bridged && old.length > 0 && this.held) {
      // What came during an outage is missing between the two.
      this.events.value = withRedactions(old, timeline.events);
      this.#after = undefined;
      this.future.value = "more";
      return;
    }
    this.events.value = withRedactions(events, timeline.events);
    if (fromKnown) return this.#giveUpOldest();
    this.#turn++;
    this.#before = timeline.before;
    this.past.value = "more";
  }

  /** Begins anew with the latest messages. */
  toLatest(): void {
    if (this.future.value === "live") return;
    batch(() => {
      this.#turn++;
      this.events.value = this.latest.value;
      this.#before = this.#latestBefore;
      this.past.value = "more";
      this.future.value = "live";
    });
  }

  has(eventId: string): boolean {
    return this.events.value.some((event) => event.event_id === eventId);
  }

  /** Begins anew around an event. False when it is not there to be read. Throws what a call throws. */
  async jump(eventId: string): Promise<boolean> {
    const found = await around(this.account.client, this.roomId, eventId, surroundings);
    if (!found || found.events.length === 0) return false;
    await this.account.store.addMembers(found.members);
    batch(() => {
      this.#turn++;
      this.events.value = withRedactions(found.events, this.latest.value);
      this.#before = found.before;
      this.#after = found.after;
      this.past.value = found.before === undefined ? "start" : "more";
      this.future.value = "more";
      this.#reach();
    });
    return true;
  }

  /** Loads what is before the first event, unless that is under way or there is nothing. */
  async older(): Promise<void> {
    const first = this.events.value[0];
    if (!first || this.past.value === "loading" || this.past.value === "start") return;
    const turn = this.#turn;
    this.past.value = "loading";
    try {
      const from = this.#before ?? (await around(this.account.client, this.roomId, first.event_id, 0))?.before;
      const page: Page = from === undefined ? { events: [], members: [] } : await messagesFrom(this.account.client, this.roomId, from, "older");
      await this.account.store.addMembers(page.members);
      if (turn === this.#turn) this.#prepend(page);
    } catch {
      if (turn === this.#turn) this.past.value = "failed";
    }
  }

  /** Loads what is after the last event, until the latest are reached. */
  async newer(): Promise<void> {
    const last = this.events.value.at(-1);
    if (!last || this.future.value === "live" || this.future.value === "loading") return;
    const turn = this.#turn;
    this.future.value = "loading";
    try {
      const from = this.#after ?? (await around(this.account.client, this.roomId, last.event_id, 0))?.after;
      const page: Page = from === undefined ? { events: [], members: [] } : await messagesFrom(this.account.client, this.roomId, from, "newer");
      await this.account.store.addMembers(page.members);
      if (turn === this.#turn) this.#append(page);
    } catch {
      if (turn === this.#turn) this.future.value = "failed";
    }
  }

  #prepend(page: Page): void {
    batch(() => {
      const all = [...this.#unknown(page.events), ...this.events.value];
      this.#before = page.next;
      this.past.value = page.next === undefined ? "start" : "more";
      const over = all.length > most;
      this.events.value = over ? all.slice(0, kept) : all;
      if (!over) return;
      this.#after = undefined;
      this.future.value = "more";
    });
  }

  #append(page: Page): void {
    batch(() => {
      const added = this.#unknown(page.events);
      this.events.value = withRedactions([...this.events.value, ...added], this.latest.value);
      this.#after = page.next;
      this.future.value = "more";
      this.#reach(page.next === undefined && added.length === 0);
      this.#giveUpOldest();
    });
  }

  #unknown(events: MatrixEvent[]): MatrixEvent[] {
    const known = new Set(this.events.value.map((event) => event.event_id));
    return events.filter((event) => !known.has(event.event_id));
  }

  /** Becomes live where the stretch has come to overlap with the latest events, or nothing can be between them. */
  #reach(adjoins = false): void {
    const ids = new Set(this.latest.value.map((event) => event.event_id));
    const overlaps = this.events.value.some((event) => ids.has(event.event_id));
    if (!overlaps && !adjoins) return;
    const { events, fromKnown } = joined(this.events.value, this.latest.value, overlaps);
    this.events.value = events;
    this.future.value = "live";
    if (fromKnown) return;
    this.#before = this.#latestBefore;
    this.past.value = "more";
  }

  /** The oldest are given up only while the reader is at the end, far from them. */
  #giveUpOldest(): void {
    const events = this.events.value;
    if (events.length <= most || !this.atEnd) return;
    this.events.value = events.slice(-kept);
    this.#before = undefined;
    this.#turn++;
    this.past.value = "more";
  }
}
