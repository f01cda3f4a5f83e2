// The list of conversations: every room this person is in or invited to, most recent first.

import { computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import type { Change } from "../matrix/changes";
import type { Pending, Room } from "../matrix/record";

export class Conversations {
  readonly #rooms = signal<ReadonlyMap<string, Room>>(new Map());
  readonly #pending = signal<ReadonlyMap<string, Pending>>(new Map());
  /** Whether the list is known, and not merely empty so far. */
  readonly loaded = signal(false);
  /** Who is typing, by room; never this person. */
  readonly typing = signal<ReadonlyMap<string, string[]>>(new Map());
  readonly list = computed(() => [...this.#rooms.value.values()].filter(isListed).sort(this.#byRecency));
  /** The latest message on its way out, by room; a failed one before any other. */
  readonly outgoing = computed(() => {
    const latest = new Map<string, Pending>();
    for (const one of this.#pending.value.values()) if (latest.get(one.room_id)?.state !== "failed") latest.set(one.room_id, one);
    return latest;
  });
  readonly unread = computed(() => this.list.value.reduce((sum, room) => sum + room.unread, 0));
  readonly #unlisten: () => void;

  constructor(private readonly account: Account) {
    this.#unlisten = account.store.changes.listen((change) => this.#apply(change));
    void this.#load();
  }

  room(roomId: string): Room | undefined {
    return this.#rooms.value.get(roomId);
  }

  close(): void {
    this.#unlisten();
  }

  async #load(): Promise<void> {
    const [rooms, pending] = await Promise.all([this.account.store.rooms(), this.account.store.pending()]);
    // What was announced meanwhile is newer than what was read.
    this.#rooms.value = new Map([...rooms.map((room) => [room.room_id, room] as const), ...this.#rooms.value]);
    this.#pending.value = new Map([...pending.map((one) => [one.txn_id, one] as const), ...this.#pending.value]);
    if (rooms.length > 0) this.loaded.value = true;
  }

  #apply(change: Change): void {
    if (change.rooms?.length || change.removed) {
      const rooms = new Map(this.#rooms.value);
      for (const room of change.rooms ?? []) rooms.set(room.room_id, room);
      for (const id of change.removed ?? []) rooms.delete(id);
      this.#rooms.value = rooms;
    }
    if (change.rooms) this.loaded.value = true;
    if (change.typing?.length) this.#applyTyping(change.typing);
    if (change.pending?.length || change.settled?.length) {
      const pending = new Map(this.#pending.value);
      // That something was sent may be heard from another tab after it has come back: then it is over.
      for (const one of change.pending ?? []) if (one.state !== "sent" || pending.has(one.txn_id)) pending.set(one.txn_id, one);
      for (const txnId of change.settled ?? []) pending.delete(txnId);
      this.#pending.value = pending;
    }
  }

  #applyTyping(changes: { room_id: string; users: string[] }[]): void {
    const typing = new Map(this.typing.value);
    for (const { room_id, users } of changes) typing.set(room_id, users.filter((user) => user !== this.account.userId));
    this.typing.value = typing;
  }

  /** A conversation with a message on its way out is the most recent, before the server has said so. */
  readonly #byRecency = (a: Room, b: Room): number => {
    const outgoing = Number(this.outgoing.value.has(b.room_id)) - Number(this.outgoing.value.has(a.room_id));
    return outgoing || b.bump - a.bump || a.room_id.localeCompare(b.room_id);
  };
}

function isListed(room: Room): boolean {
  return room.membership === "join" || room.membership === "invite";
}
