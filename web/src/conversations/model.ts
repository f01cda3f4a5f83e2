// The list of conversations: every room this person is in or invited to, most recent first.

import { computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import type { Change } from "../matrix/changes";
import type { Room } from "../matrix/record";

export class Conversations {
  readonly #rooms = signal<ReadonlyMap<string, Room>>(new Map());
  readonly #sending = signal<ReadonlySet<string>>(new Set());
  /** Whether the list is known, and not merely empty so far. */
  readonly loaded = signal(false);
  /** Who is typing, by room; never this person. */
  readonly typing = signal<ReadonlyMap<string, string[]>>(new Map());
  readonly list = computed(() => [...this.#rooms.value.values()].filter(isListed).sort(this.#byRecency));
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
    this.#sending.value = new Set([...this.#sending.value, ...pending.filter((one) => one.state === "queued").map((one) => one.room_id)]);
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
    if (change.pending?.length) this.#sending.value = new Set([...this.#sending.value, ...change.pending.map((one) => one.room_id)]);
    // Once sync told of the room, its own recency counts again.
    for (const room of change.rooms ?? []) this.#sent(room.room_id);
  }

  #applyTyping(changes: { room_id: string; users: string[] }[]): void {
    const typing = new Map(this.typing.value);
    for (const { room_id, users } of changes) typing.set(room_id, users.filter((user) => user !== this.account.userId));
    this.typing.value = typing;
  }

  #sent(roomId: string): void {
    if (!this.#sending.value.has(roomId)) return;
    this.#sending.value = new Set([...this.#sending.value].filter((id) => id !== roomId));
  }

  /** A conversation with a message on its way out is the most recent, before the server has said so. */
  readonly #byRecency = (a: Room, b: Room): number => {
    const sending = Number(this.#sending.value.has(b.room_id)) - Number(this.#sending.value.has(a.room_id));
    return sending || b.bump - a.bump || a.room_id.localeCompare(b.room_id);
  };
}

function isListed(room: Room): boolean {
  return room.membership === "join" || room.membership === "invite";
}
