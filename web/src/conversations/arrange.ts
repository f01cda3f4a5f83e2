// Which conversations the list shows, and in what order. Pure.

import { archiveTag, favouriteTag } from "../matrix/keep";
import type { Room } from "../matrix/record";

/** What the list can be narrowed to. Patients and roles come with the work that knows them. */
export const filters = ["all", "unread", "people", "teams"] as const;
export type Filter = (typeof filters)[number];

export function isFavourite(room: Room): boolean {
  return room.tags?.includes(favouriteTag) ?? false;
}

export function isArchived(room: Room): boolean {
  return room.membership === "join" && (room.tags?.includes(archiveTag) ?? false);
}

/** Whether it is a conversation at all: a space only holds others. */
export function isListed(room: Room): boolean {
  return (room.membership === "join" || room.membership === "invite") && room.type !== "m.space";
}

/** An invitation waits for an answer: it counts as unread. */
export function isUnread(room: Room): boolean {
  return room.unread > 0 || room.highlights > 0 || room.membership === "invite";
}

function passes(room: Room, filter: Filter): boolean {
  switch (filter) {
    case "unread":
      return isUnread(room);
    case "people":
      return room.direct;
    case "teams":
      return !room.direct;
    default:
      return true;
  }
}

/** A conversation with a message on its way out is the most recent, before the server has said so. */
function recency(outgoing: ReadonlySet<string> | ReadonlyMap<string, unknown>): (a: Room, b: Room) => number {
  return (a, b) => {
    const sending = Number(outgoing.has(b.room_id)) - Number(outgoing.has(a.room_id));
    return sending || b.bump - a.bump || (a.room_id < b.room_id ? -1 : 1);
  };
}

export interface Arranged {
  /** All that are not archived: favourites, then the rest, most recent first. */
  all: Room[];
  archived: Room[];
}

export function arrange(rooms: Iterable<Room>, outgoing: ReadonlySet<string> | ReadonlyMap<string, unknown>): Arranged {
  const all: Room[] = [];
  const archived: Room[] = [];
  for (const room of rooms) if (isListed(room)) (isArchived(room) ? archived : all).push(room);
  const byRecency = recency(outgoing);
  all.sort((a, b) => Number(isFavourite(b)) - Number(isFavourite(a)) || byRecency(a, b));
  return { all, archived: archived.sort(byRecency) };
}

export function narrowed(rooms: Room[], filter: Filter): Room[] {
  return filter === "all" ? rooms : rooms.filter((room) => passes(room, filter));
}

/** Archived conversations in which something was said: they come back, unless they are muted and nobody was mentioned. */
export function returning(rooms: Iterable<Room>, muted: ReadonlySet<string>): Room[] {
  return [...rooms].filter((room) => isArchived(room) && (room.highlights > 0 || (room.unread > 0 && !muted.has(room.room_id))));
}
