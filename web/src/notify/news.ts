// Whether something has come that is worth a sound: more is unread in a conversation than before, and nobody is looking at it. What
// does not count as unread by the person's rules makes no sound either. Pure.

interface Counted {
  room_id: string;
  unread: number;
}

export class News {
  #before: ReadonlyMap<string, number> | undefined;

  /** Takes in the list as it is now; `open` is the conversation that is being looked at. The first list is no news. */
  take(rooms: readonly Counted[], open: string | undefined): boolean {
    const before = this.#before;
    this.#before = new Map(rooms.map((room) => [room.room_id, room.unread]));
    if (!before) return false;
    return rooms.some((room) => room.room_id !== open && room.unread > (before.get(room.room_id) ?? 0));
  }
}
