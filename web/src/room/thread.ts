// One thread: the message it began with and the replies to it, in the conversation's place while it is read.

import { batch, computed, signal } from "@preact/signals";
import { Draft } from "../composer/draft";
import type { Account } from "../matrix/account";
import { withRedactions } from "../matrix/apply";
import type { Change } from "../matrix/changes";
import { relation, type MatrixEvent } from "../matrix/event";
import { fold, isMessage, type Item } from "../matrix/fold";
import type { Pending, Receipt } from "../matrix/record";
import { children, eventById } from "../matrix/relate";
import { threadOf } from "../matrix/relations";
import { sendReceipt } from "../matrix/room";
import { dayOf } from "../words/times";
import type { Goal, Reading } from "./reading";
import type { Future, Past } from "./stretch";

export class Thread implements Reading {
  readonly past = signal<Past>("more");
  readonly future = signal<Future>("live");
  readonly goal = signal<Goal | undefined>({ to: "latest" });
  readonly beyond = signal(0);
  readonly draft = new Draft();
  readonly #events: ReturnType<typeof signal<MatrixEvent[]>>;
  readonly #pending = signal<Pending[]>([]);
  readonly #receipts = signal<readonly Receipt[]>([]);
  readonly #unlisten: () => void;
  #before: string | undefined;
  #receiptFor: string | undefined;

  readonly items = computed<Item[]>(() =>
    fold({ events: this.#events.value ?? [], pending: this.#pending.value, receipts: [...this.#receipts.value], thread: this.root, me: this.account.userId, dayOf }),
  );

  /** `known` are events of the conversation, among which there may be some of the thread. */
  constructor(
    private readonly account: Account,
    private readonly roomId: string,
    readonly root: string,
    known: MatrixEvent[],
  ) {
    this.draft.thread.value = root;
    this.#events = signal(this.#ours(known, new Set()));
    this.#unlisten = account.store.changes.listen((change) => this.#apply(change));
    void this.older();
    void this.#loadPending();
  }

  close(): void {
    this.#unlisten();
  }

  beginReading(): void {
    // A thread opens at its latest reply, or where a jump led.
  }

  async newer(): Promise<void> {
    // It always reaches to its latest reply.
  }

  toLatest(): void {
    this.goal.value = { to: "latest" };
  }

  at(): void {
    // Nothing of a thread is given up while it is open.
  }

  /** Loads the first message and the latest replies; then those before them. */
  async older(): Promise<void> {
    if (this.past.value === "loading" || this.past.value === "start") return;
    this.past.value = "loading";
    try {
      const page = await children(this.account.client, this.roomId, this.root, "m.thread", this.#before);
      const first = page.before === undefined ? await eventById(this.account.client, this.roomId, this.root) : undefined;
      batch(() => {
        this.#add(first ? [first, ...page.events] : page.events);
        this.#before = page.before;
        this.past.value = page.before === undefined ? "start" : "more";
      });
    } catch {
      this.past.value = "failed";
    }
  }

  seen(): void {
    const last = this.items.value.findLast((item) => item.kind === "message" && item.state === "received");
    if (last?.kind !== "message" || last.event_id === undefined || last.event_id === this.#receiptFor) return;
    this.#receiptFor = last.event_id;
    sendReceipt(this.account.client, this.roomId, last.event_id, this.root).catch(() => {
      // The next look at the thread tries again.
      this.#receiptFor = undefined;
    });
  }

  async #loadPending(): Promise<void> {
    const { pending } = await this.account.store.conversation(this.roomId);
    const known = new Set(this.#pending.value.map((one) => one.txn_id));
    this.#pending.value = [...pending.filter((one) => !known.has(one.txn_id)), ...this.#pending.value];
  }

  #apply(change: Change): void {
    const here = <T extends { room_id: string }>(all: T[] | undefined) => (all ?? []).filter((one) => one.room_id === this.roomId);
    batch(() => {
      for (const timeline of here(change.timelines)) this.#add(timeline.events);
      this.#receipts.value = [...this.#receipts.value, ...here(change.receipts).filter((one) => one.thread === this.root)];
      const settled = new Set(change.settled ?? []);
      const changed = here(change.pending);
      const ids = new Set(changed.map((one) => one.txn_id));
      const known = new Set(this.#pending.value.map((one) => one.txn_id));
      if (changed.some((one) => one.type === "m.room.message" && !known.has(one.txn_id) && threadOf(one) === this.root)) this.toLatest();
      if (settled.size > 0 || ids.size > 0) this.#pending.value = [...this.#pending.value.filter((one) => !ids.has(one.txn_id)), ...changed].filter((one) => !settled.has(one.txn_id));
    });
  }

  /** Takes what belongs to the thread, and what changes its messages, in the order of their times. */
  #add(events: MatrixEvent[]): void {
    const old = this.#events.value ?? [];
    const known = new Set(old.map((event) => event.event_id));
    const added = this.#ours(events, known).filter((event) => !known.has(event.event_id));
    const all = added.length === 0 ? old : [...old, ...added].sort((a, b) => a.origin_server_ts - b.origin_server_ts);
    this.#events.value = withRedactions(all, events);
  }

  #ours(events: MatrixEvent[], known: ReadonlySet<string>): MatrixEvent[] {
    const ids = new Set(known);
    for (const event of events) if (event.event_id === this.root || (isMessage(event) && threadOf(event) === this.root)) ids.add(event.event_id);
    return events.filter((event) => ids.has(event.event_id) || ids.has(relation(event)?.target ?? ""));
  }
}
