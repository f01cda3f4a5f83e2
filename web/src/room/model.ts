// One open conversation: its messages from wherever the reader is, the text being written, and who has read what.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { Draft, type Target } from "../composer/draft";
import type { Account } from "../matrix/account";
import type { Change } from "../matrix/changes";
import { relation } from "../matrix/event";
import { fold, isMessage, type Item, type Message } from "../matrix/fold";
import { heroName, localpart, type Member, type Pending, type Receipt, type Room } from "../matrix/record";
import { threadOf } from "../matrix/relations";
import { join, leave, sendReceipt } from "../matrix/room";
import { dayOf } from "../words/times";
import { Acts } from "./acts";
import { marksOf } from "./delivery";
import type { Goal, Reading } from "./reading";
import type { Sheet } from "./sheet";
import { Stretch, type Future, type Past } from "./stretch";
import { Thread } from "./thread";

export class Conversation implements Reading {
  readonly room = signal<Room | undefined>(undefined);
  readonly loaded = signal(false);
  readonly answering = signal<"no" | "busy" | "failed">("no");
  readonly goal = signal<Goal | undefined>(undefined);
  /** The thread that is shown in place of the conversation. */
  readonly thread = signal<Thread | undefined>(undefined);
  /** What lies over the conversation. */
  readonly sheet = signal<Sheet | undefined>(undefined);
  /** A place that was asked for and could not be shown. */
  readonly problem = signal<"gone" | "unreachable" | undefined>(undefined);
  readonly acts: Acts;
  readonly past: ReadonlySignal<Past>;
  readonly future: ReadonlySignal<Future>;
  readonly #stretch: Stretch;
  readonly #draft = new Draft();
  readonly #pending = signal<Pending[]>([]);
  readonly #receipts = signal<ReadonlyMap<string, Receipt>>(new Map());
  readonly #delivered = signal<ReadonlyMap<string, Receipt>>(new Map());
  readonly #members = signal<ReadonlyMap<string, Member>>(new Map());
  readonly #readUpTo = signal<string | undefined>(undefined);
  readonly #unlisten: () => void;
  #receiptFor: string | undefined;
  /** The first message of the thread that was just closed. */
  #backTo: string | undefined;
  #stale = false;
  /** The way to the first unread message is being looked for: what is on the screen meanwhile counts as unseen. */
  #finding = false;

  readonly items = computed<Item[]>(() => {
    const events = this.#stretch.events.value;
    return fold({
      events,
      others: this.future.value === "live" ? [] : this.#stretch.latest.value,
      pending: this.future.value === "live" ? this.#pending.value : this.#pending.value.filter(isChange),
      receipts: [...this.#receipts.value.values()],
      delivered: [...this.#delivered.value.values()],
      me: this.account.userId,
      readUpTo: this.#readUpTo.value,
      dayOf,
    });
  });

  readonly beyond = computed(() => {
    if (this.future.value === "live") return 0;
    const last = this.#stretch.events.value.at(-1)?.origin_server_ts ?? 0;
    return this.#stretch.latest.value.filter((event) => isMessage(event) && event.sender !== this.account.userId && event.origin_server_ts > last).length;
  });

  /** The latest message of somebody else, for announcing it. */
  readonly latestFromOthers = computed(() => this.#stretch.latest.value.findLast((event) => isMessage(event) && event.sender !== this.account.userId));

  constructor(
    readonly account: Account,
    readonly roomId: string,
  ) {
    this.#stretch = new Stretch(account, roomId);
    this.past = this.#stretch.past;
    this.future = this.#stretch.future;
    this.acts = new Acts(account, roomId);
    this.#unlisten = account.store.changes.listen((change) => this.#apply(change));
    void this.#load();
  }

  /** What is being written: in the thread that is open, else in the conversation. */
  get draft(): Draft {
    return this.thread.value?.draft ?? this.#draft;
  }

  /** How many others are in it. */
  get others(): number {
    return Math.max(1, (this.room.value?.joined ?? 0) - 1);
  }

  /** The name that a person goes by here. */
  nameOf(userId: string): string {
    const member = this.#members.value.get(userId);
    const hero = this.room.value?.heroes.find((one) => one.user_id === userId);
    return member?.name || (hero ? heroName(hero) : localpart(userId));
  }

  /** The conversation comes to the front. */
  opened(): void {
    this.#stretch.held = true;
    this.account.sync.open(this.roomId);
    void this.acts.load();
    void this.#loadDelivered();
  }

  beginReading(): void {
    const back = this.#backTo;
    this.#backTo = undefined;
    if (back !== undefined && this.#stretch.has(back)) {
      this.goal.value = { to: "message", event_id: back };
      return;
    }
    const readUpTo = this.#receipts.value.get(this.account.userId)?.event_id;
    this.#readUpTo.value = readUpTo;
    this.goal.value = { to: "unread" };
    const unread = this.room.value?.unread ?? 0;
    if (readUpTo !== undefined && unread > 0 && !this.#stretch.has(readUpTo)) void this.#toUnread(readUpTo);
  }

  /** The conversation leaves the front. */
  left(): void {
    this.#stretch.held = false;
    this.closeThread();
    this.#backTo = undefined;
    this.sheet.value = undefined;
    this.account.sync.open(undefined);
  }

  close(): void {
    this.left();
    this.#unlisten();
    this.acts.close();
  }

  /** A message goes out: whoever answers has read what came before, and sees their own words. */
  sending(): void {
    this.#readUpTo.value = undefined;
    this.toLatest();
  }

  /** The latest own text that has been sent, for editing it. */
  lastOwn(): Target | undefined {
    const found = (this.thread.value ?? this).items.value.findLast((item) => item.kind === "message" && item.mine && item.body.kind === "text" && item.state === "received");
    return found?.kind === "message" && found.event_id !== undefined ? { event_id: found.event_id, sender: found.sender, body: found.body } : undefined;
  }

  retry(txnId: string): void {
    void this.account.outbox.retry(txnId);
  }

  discard(txnId: string): void {
    void this.account.outbox.discard(txnId);
  }

  seen(): void {
    if (this.#finding || this.future.value !== "live" || this.room.value?.membership !== "join") return;
    // What was said in a thread is read where it is shown.
    const last = this.#stretch.events.value.findLast((event) => threadOf(event) === undefined);
    const read = this.#receipts.value.get(this.account.userId)?.event_id;
    if (!last || last.event_id === this.#receiptFor || last.event_id === read) return;
    this.#receiptFor = last.event_id;
    void this.#sendReceipt(last.event_id);
  }

  at(end: boolean): void {
    this.#stretch.atEnd = end;
  }

  async older(): Promise<void> {
    if (this.loaded.value) await this.#stretch.older();
  }

  async newer(): Promise<void> {
    if (this.loaded.value) await this.#stretch.newer();
  }

  toLatest(): void {
    batch(() => {
      this.#stretch.toLatest();
      this.goal.value = { to: "latest" };
    });
  }

  /** Brings a message before the reader, wherever it is: in what is loaded, far back, or in a thread. */
  async jumpTo(eventId: string): Promise<void> {
    this.problem.value = undefined;
    try {
      if (!this.#stretch.has(eventId) && !(await this.#stretch.jump(eventId))) {
        this.problem.value = "gone";
        return;
      }
    } catch {
      this.problem.value = "unreachable";
      return;
    }
    const event = this.#stretch.events.value.find((one) => one.event_id === eventId);
    const about = event && relation(event);
    // A reaction or an edit is shown at its message.
    if (about?.type === "m.annotation" || about?.type === "m.replace") return await this.jumpTo(about.target);
    const root = event && threadOf(event);
    if (root === undefined) this.goal.value = { to: "message", event_id: eventId };
    else this.openThread(root, eventId);
  }

  openThread(root: string, at?: string): void {
    this.thread.value?.close();
    const thread = new Thread(this.account, this.roomId, root, this.#stretch.events.value);
    if (at !== undefined) thread.goal.value = { to: "message", event_id: at };
    this.thread.value = thread;
  }

  /** Back to the conversation, at the message that the thread began with. */
  closeThread(): void {
    this.#backTo = this.thread.value?.root;
    this.thread.value?.close();
    this.thread.value = undefined;
  }

  /** Begins an answer to a message. */
  reply(message: Message): void {
    if (message.event_id !== undefined) this.draft.reply({ event_id: message.event_id, sender: message.sender, body: message.body });
  }

  /** Begins to rewrite an own message. */
  edit(message: Message): void {
    if (message.event_id !== undefined) this.draft.edit({ event_id: message.event_id, sender: message.sender, body: message.body });
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

  /** Reading stopped before what is on this device: begins there. Without an answer it begins with the latest. */
  async #toUnread(readUpTo: string): Promise<void> {
    this.#finding = true;
    const found = await this.#stretch.jump(readUpTo).catch(() => false);
    this.#finding = false;
    if (found) this.goal.value = { to: "unread" };
  }

  /** What arrived where before this opened; sync tells of the rest. Without an answer the ticks say less, and nothing false. */
  async #loadDelivered(): Promise<void> {
    const marks = await marksOf(this.account.client, this.roomId).catch(() => []);
    const told = this.#delivered.value;
    this.#delivered.value = withAll(told, marks.filter((one) => !told.has(one.user_id)));
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

  async #load(): Promise<void> {
    do {
      this.#stale = false;
      const stored = await this.account.store.conversation(this.roomId);
      // What changed while it was read may be missing from it: read again.
      if (this.#stale) continue;
      batch(() => {
        this.room.value = stored.room;
        if (stored.timeline) this.#stretch.follow(stored.timeline);
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
      for (const timeline of here(change.timelines)) this.#stretch.follow(timeline);
      this.#members.value = withAll(this.#members.value, here(change.members));
      this.#receipts.value = withAll(this.#receipts.value, here(change.receipts).filter((one) => one.thread === undefined));
      this.#delivered.value = withAll(this.#delivered.value, here(change.delivered));
      this.#applyPending(change);
    });
  }

  #applyPending(change: Change): void {
    const changed = new Map((change.pending ?? []).filter((one) => one.room_id === this.roomId).map((one) => [one.txn_id, one]));
    const settled = new Set(change.settled ?? []);
    if (changed.size === 0 && settled.size === 0) return;
    const kept = this.#pending.value.filter((one) => !settled.has(one.txn_id)).map((one) => changed.get(one.txn_id) ?? one);
    const old = new Set(kept.map((one) => one.txn_id));
    const added = [...changed.values()].filter((one) => !old.has(one.txn_id) && one.state !== "sent");
    this.#pending.value = [...kept, ...added];
    // Sending brings the sender to the newest message, wherever they were reading.
    if (added.some((one) => one.state === "queued" && !isChange(one) && threadOf(one) === undefined)) this.toLatest();
  }
}

/** Whether something on its way changes a message, rather than being one. */
function isChange(one: Pending): boolean {
  return one.type !== "m.room.message" || relation(one)?.type === "m.replace";
}

function withAll<T extends { user_id: string }>(old: ReadonlyMap<string, T>, changed: T[]): ReadonlyMap<string, T> {
  if (changed.length === 0) return old;
  return new Map([...old, ...changed.map((one) => [one.user_id, one] as const)]);
}
