// The list of conversations: every room this person is in or invited to; what is kept about each; and what it is narrowed to.

import { batch, computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import type { Change } from "../matrix/changes";
import type { Content } from "../matrix/event";
import { archiveTag, favouriteTag, setMuted, setTag } from "../matrix/keep";
import { mutedRooms, pushRulesType } from "../matrix/pushrules";
import type { Pending, Room } from "../matrix/record";
import { leave } from "../matrix/room";
import { directType, directWith } from "../people/direct";
import { arrange, isArchived, isFavourite, narrowed, returning, type Filter } from "./arrange";

export class Conversations {
  readonly #rooms = signal<ReadonlyMap<string, Room>>(new Map());
  readonly #pending = signal<ReadonlyMap<string, Pending>>(new Map());
  readonly #rules = signal<Content | undefined>(undefined);
  readonly #direct = signal<Content | undefined>(undefined);
  /** Archived conversations that are being brought back, not to ask for it twice. */
  readonly #returning = new Set<string>();
  /** Whether the list is known, and not merely empty so far. */
  readonly loaded = signal(false);
  /** Who is typing, by room; never this person. */
  readonly typing = signal<ReadonlyMap<string, string[]>>(new Map());
  readonly filter = signal<Filter>("all");
  /** Whether the archived ones are shown, in place of the others. */
  readonly archiveOpen = signal(false);
  /** The conversation in front: it stays in a list narrowed to the unread though it is read now. */
  readonly front = signal<string | undefined>(undefined);
  /** The latest message on its way out, by room; a failed one before any other. */
  readonly outgoing = computed(() => {
    const latest = new Map<string, Pending>();
    for (const one of this.#pending.value.values()) if (latest.get(one.room_id)?.state !== "failed") latest.set(one.room_id, one);
    return latest;
  });
  readonly muted = computed(() => mutedRooms(this.#rules.value));
  readonly arranged = computed(() => arrange(this.#rooms.value.values(), this.outgoing.value));
  /** Every conversation, the archived last. */
  readonly list = computed(() => [...this.arranged.value.all, ...this.arranged.value.archived]);
  /** Those that the list shows now. */
  readonly shown = computed(() => {
    const { all, archived } = this.arranged.value;
    if (this.archiveOpen.value) return archived;
    const [filter, front] = [this.filter.value, this.front.value];
    const passing = new Set(narrowed(all, filter));
    return filter === "all" ? all : all.filter((room) => passing.has(room) || (filter === "unread" && room.room_id === front));
  });
  readonly unread = computed(() => this.list.value.reduce((sum, room) => sum + room.unread, 0));
  readonly #unlisten: () => void;

  constructor(private readonly account: Account) {
    this.#unlisten = account.store.changes.listen((change) => this.#apply(change));
    void this.#load();
  }

  get me(): string {
    return this.account.userId;
  }

  room(roomId: string): Room | undefined {
    return this.#rooms.value.get(roomId);
  }

  isMuted(room: Room): boolean {
    return this.muted.value.has(room.room_id);
  }

  /** The conversation with one person, if there is one. */
  directWith(userId: string): Room | undefined {
    return directWith(this.#rooms.value.values(), this.#direct.value, userId);
  }

  /** Keeps a conversation at the top, or no longer. Throws what the call throws, after taking it back; so do the next three. */
  async favour(room: Room, on: boolean): Promise<void> {
    await setTag(this.account, room, favouriteTag, on);
  }

  async mute(room: Room, on: boolean): Promise<void> {
    await setMuted(this.account, room.room_id, on);
  }

  /** Puts a conversation away, or back. What is put away is no favourite. */
  async archive(room: Room, on: boolean): Promise<void> {
    if (on && isFavourite(room)) await setTag(this.account, room, favouriteTag, false);
    await setTag(this.account, this.room(room.room_id) ?? room, archiveTag, on);
  }

  async leave(room: Room): Promise<void> {
    await leave(this.account.client, room.room_id);
  }

  close(): void {
    this.#unlisten();
  }

  async #load(): Promise<void> {
    const { store } = this.account;
    const [rooms, pending, rules, direct] = await Promise.all([store.rooms(), store.pending(), store.data(pushRulesType), store.data(directType)]);
    batch(() => {
      // What was announced meanwhile is newer than what was read.
      this.#rooms.value = new Map([...rooms.map((room) => [room.room_id, room] as const), ...this.#rooms.value]);
      this.#pending.value = new Map([...pending.map((one) => [one.txn_id, one] as const), ...this.#pending.value]);
      this.#rules.value ??= rules;
      this.#direct.value ??= direct;
      if (rooms.length > 0) this.loaded.value = true;
    });
  }

  #apply(change: Change): void {
    batch(() => {
      if (change.rooms?.length || change.removed) this.#applyRooms(change.rooms ?? [], change.removed ?? []);
      if (change.rooms) this.loaded.value = true;
      if (change.typing?.length) this.#applyTyping(change.typing);
      if (change.pending?.length || change.settled?.length) this.#applyPending(change.pending ?? [], change.settled ?? []);
      for (const { type, content } of change.data ?? []) {
        if (type === pushRulesType) this.#rules.value = content;
        if (type === directType) this.#direct.value = content;
      }
    });
    if (change.rooms?.some(isArchived)) this.#bringBack(change.rooms);
  }

  #applyRooms(changed: Room[], removed: string[]): void {
    const rooms = new Map(this.#rooms.value);
    for (const room of changed) rooms.set(room.room_id, room);
    for (const id of removed) rooms.delete(id);
    this.#rooms.value = rooms;
  }

  #applyTyping(changes: { room_id: string; users: string[] }[]): void {
    const typing = new Map(this.typing.value);
    for (const { room_id, users } of changes) typing.set(room_id, users.filter((user) => user !== this.account.userId));
    this.typing.value = typing;
  }

  #applyPending(changed: Pending[], settled: string[]): void {
    const pending = new Map(this.#pending.value);
    // That something was sent may be heard from another tab after it has come back: then it is over.
    for (const one of changed) if (one.state !== "sent" || pending.has(one.txn_id)) pending.set(one.txn_id, one);
    for (const txnId of settled) pending.delete(txnId);
    this.#pending.value = pending;
  }

  /** Archived conversations in which something was said are archived no longer. */
  #bringBack(rooms: Room[]): void {
    for (const room of returning(rooms, this.muted.value)) {
      if (this.#returning.has(room.room_id)) continue;
      this.#returning.add(room.room_id);
      // What fails is tried again with the next message; until then the conversation is where it was.
      void this.archive(room, false)
        .catch(() => undefined)
        .finally(() => this.#returning.delete(room.room_id));
    }
  }
}
