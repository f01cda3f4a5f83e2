// One open conversation: its messages as far back as they were scrolled, the text being written, and who has read what.

import { batch, computed, signal } from "@preact/signals";
import { Draft, type Target } from "../composer/draft";
import type { Account } from "../matrix/account";
import { joined, withRedactions } from "../matrix/apply";
import type { Change } from "../matrix/changes";
import type { MatrixEvent } from "../matrix/event";
import { fold, isMessage, type Item } from "../matrix/fold";
import { heroName, localpart, type Member, type Pending, type Receipt, type Room, type Timeline } from "../matrix/record";
import { join, leave, olderMessages, positionBefore, sendReceipt } from "../matrix/room";
import { TypingNotice } from "../typing/model";
import { dayOf } from "../words/times";

/** Characters in a message: well inside the 65,536 bytes of an event (room version 12, size limits), in any script. */
export const longestMessage = 15_000;

export type Past = "more" | "loading" | "failed" | "start";

export class Conversation {
  readonly room = signal<Room | undefined>(undefined);
  readonly loaded = signal(false);
  readonly past = signal<Past>("more");
  readonly draft = new Draft();
  readonly answering = signal<"no" | "busy" | "failed">("no");
  readonly #events = signal<MatrixEvent[]>([]);
  readonly #pending = signal<Pending[]>([]);
  readonly #receipts = signal<ReadonlyMap<string, Receipt>>(new Map());
  readonly #members = signal<ReadonlyMap<string, Member>>(new Map());
  readonly #readUpTo = signal<string | undefined>(undefined);
  readonly #typing: TypingNotice;
  readonly #unlisten: () => void;
  #before: string | undefined;
  #receiptFor: string | undefined;
  #stale = false;

  readonly items = computed<Item[]>(() =>
    fold({
      events: this.#events.value,
      pending: this.#pending.value,
      receipts: [...this.#receipts.value.values()],
      me: this.account.userId,
      readUpTo: this.#readUpTo.value,
      dayOf,
    }),
  );

  /** The latest message of somebody else, for announcing it. */
  readonly latestFromOthers = computed(() => this.#events.value.findLast((event) => isMessage(event) && event.sender !== this.account.userId));

  constructor(
    readonly account: Account,
    readonly roomId: string,
  ) {
    this.#typing = new TypingNotice(account.client, roomId);
    this.#unlisten = account.store.changes.listen((change) => this.#apply(change));
    void this.#load();
  }

  /** The name that a person goes by here. */
  nameOf(userId: string): string {
    const member = this.#members.value.get(userId);
    const hero = this.room.value?.heroes.find((one) => one.user_id === userId);
    return member?.name || (hero ? heroName(hero) : localpart(userId));
  }

  /** The conversation comes to the front. */
  opened(): void {
    this.account.sync.open(this.roomId);
  }

  /** Its messages come to the front: "new messages" begin after what was read before. */
  beginReading(): void {
    this.#readUpTo.value = this.#receipts.value.get(this.account.userId)?.event_id;
  }

  /** The conversation leaves the front. */
  left(): void {
    this.#typing.stop();
    this.account.sync.open(undefined);
  }

  close(): void {
    this.left();
    this.#unlisten();
  }

  typed(text: string): void {
    this.draft.text.value = text;
    this.#typing.typed(text.trim() === "");
  }

  /** Sends the draft, if there is anything in it that can be sent. */
  send(): void {
    const body = this.draft.text.value.trim();
    if (body === "" || body.length > longestMessage) return;
    this.draft.clear();
    this.#typing.stop();
    this.#readUpTo.value = undefined;
    // A failure to store is shown on the message itself.
    this.account.outbox.add(this.roomId, "m.room.message", { msgtype: "m.text", body, "m.mentions": {} }).catch(() => undefined);
  }

  /** A message goes out: whoever answers has read what came before. */
  sending(): void {
    this.#readUpTo.value = undefined;
  }

  /** The latest own text that has been sent, for editing it. */
  lastOwn(): Target | undefined {
    const found = this.items.value.findLast((item) => item.kind === "message" && item.mine && item.body.kind === "text" && item.state === "received");
    return found?.kind === "message" && found.event_id !== undefined ? { event_id: found.event_id, sender: found.sender, body: found.body } : undefined;
  }

  retry(txnId: string): void {
    void this.account.outbox.retry(txnId);
  }

  discard(txnId: string): void {
    void this.account.outbox.discard(txnId);
  }

  /** The latest message is in front of the person's eyes. */
  seen(): void {
    const last = this.#events.value.at(-1);
    const read = this.#receipts.value.get(this.account.userId)?.event_id;
    if (!last || last.event_id === this.#receiptFor || last.event_id === read) return;
    if (this.room.value?.membership !== "join") return;
    this.#receiptFor = last.event_id;
    void this.#sendReceipt(last.event_id);
  }

  /** Loads the messages before the first one, unless that is under way or there are none. */
  async older(): Promise<void> {
    if (!this.loaded.value || this.past.value === "loading" || this.past.value === "start") return;
    const first = this.#events.value[0];
    if (!first) return;
    this.past.value = "loading";
    try {
      await this.#loadOlder(first);
    } catch {
      this.past.value = "failed";
    }
  }

  async accept(): Promise<void> {
    await this.#answer(() => join(this.account.client, this.roomId));
  }

  async decline(): Promise<boolean> {
    return await this.#answer(() => leave(this.account.client, this.roomId));
  }

  async #answer(call: () => Promise<void>): Promise<boolean> {
    this.answering.value = "busy";
    try {
      await call();
      this.answering.value = "no";
      return true;
    } catch {
      this.answering.value = "failed";
      return false;
    }
  }

  async #sendReceipt(eventId: string): Promise<void> {
    try {
      await sendReceipt(this.account.client, this.roomId, eventId);
      await this.account.store.markRead(this.roomId);
    } catch {
      // The next look at the conversation tries again.
      this.#receiptFor = undefined;
    }
  }

  async #loadOlder(first: MatrixEvent): Promise<void> {
    const before = this.#before ?? (await positionBefore(this.account.client, this.roomId, first.event_id));
    if (before === undefined) {
      this.past.value = "start";
      return;
    }
    const page = await olderMessages(this.account.client, this.roomId, before);
    await this.account.store.addMembers(page.members);
    // A gap in sync may have begun the timeline anew meanwhile: then this page belongs nowhere.
    if (this.#events.value[0]?.event_id !== first.event_id) {
      this.past.value = "more";
      return;
    }
    const known = new Set(this.#events.value.map((event) => event.event_id));
    batch(() => {
      this.#before = page.before;
      this.#events.value = [...page.events.filter((event) => !known.has(event.event_id)), ...this.#events.value];
      this.past.value = page.before === undefined ? "start" : "more";
    });
  }

  async #load(): Promise<void> {
    do {
      this.#stale = false;
      const stored = await this.account.store.conversation(this.roomId);
      // What changed while it was read may be missing from it: read again.
      if (this.#stale) continue;
      batch(() => {
        this.room.value = stored.room;
        this.#setTimeline(stored.timeline);
        const known = new Set(stored.pending.map((one) => one.txn_id));
        this.#pending.value = [...stored.pending, ...this.#pending.value.filter((one) => !known.has(one.txn_id))];
        this.#members.value = new Map(stored.members.map((one) => [one.user_id, one]));
        this.#receipts.value = new Map(stored.receipts.map((one) => [one.user_id, one]));
        this.loaded.value = true;
      });
    } while (this.#stale);
  }

  #apply(change: Change): void {
    if (!this.loaded.value) {
      this.#stale = true;
      this.#applyPending(change);
      return;
    }
    batch(() => {
      const here = <T extends { room_id: string }>(all: T[] | undefined) => (all ?? []).filter((one) => one.room_id === this.roomId);
      for (const room of here(change.rooms)) this.room.value = room;
      if (change.removed?.includes(this.roomId)) this.room.value = undefined;
      for (const timeline of here(change.timelines)) this.#setTimeline(timeline);
      this.#members.value = withAll(this.#members.value, here(change.members));
      this.#receipts.value = withAll(this.#receipts.value, here(change.receipts));
      this.#applyPending(change);
    });
  }

  #applyPending(change: Change): void {
    const changed = new Map((change.pending ?? []).filter((one) => one.room_id === this.roomId).map((one) => [one.txn_id, one]));
    const settled = new Set(change.settled ?? []);
    if (changed.size === 0 && settled.size === 0) return;
    const kept = this.#pending.value.filter((one) => !settled.has(one.txn_id)).map((one) => changed.get(one.txn_id) ?? one);
    const old = new Set(kept.map((one) => one.txn_id));
    this.#pending.value = [...kept, ...[...changed.values()].filter((one) => !old.has(one.txn_id) && one.state !== "sent")];
  }

  /** Joins the stored timeline to what was scrolled back to. */
  #setTimeline(timeline: Timeline | undefined): void {
    if (!timeline) return;
    const { events, fromKnown } = joined(this.#events.value, timeline.events, true);
    this.#events.value = withRedactions(events, timeline.events);
    if (fromKnown) return;
    this.#before = timeline.before;
    this.past.value = "more";
  }
}

function withAll<T extends { user_id: string }>(old: ReadonlyMap<string, T>, changed: T[]): ReadonlyMap<string, T> {
  if (changed.length === 0) return old;
  return new Map([...old, ...changed.map((one) => [one.user_id, one] as const)]);
}
