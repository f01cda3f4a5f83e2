// How an answer of sync changes what is known of a room. Pure: the store reads the old records and writes the new.

import { isObject, isRedacted, redacted, redactionTarget, text, type Content, type MatrixEvent } from "./event";
import { latestMessage } from "./fold";
import type { AccountData, Hero, Member, Membership, Room, Timeline } from "./record";
import type { RoomUpdate } from "./sliding";

/** Events kept on the device for each room; what is older is asked for when somebody scrolls there. */
export const keptEvents = 100;

const memberships: readonly string[] = ["join", "invite", "knock", "leave", "ban"];

function asMembership(value: unknown): Membership | undefined {
  return typeof value === "string" && memberships.includes(value) ? (value as Membership) : undefined;
}

/** The room with what its account data says of it. */
export function withData(room: Room, data: AccountData): Room {
  if (data.type !== "m.tag") return room;
  return { ...room, tags: isObject(data.content.tags) ? Object.keys(data.content.tags) : [] };
}

/** The room as the update leaves it. The preview is the timeline's business: see `withPreview`. */
export function updateRoom(old: Room | undefined, update: RoomUpdate, me: string): Room {
  const known = update.initial ? undefined : old;
  const room: Room = {
    room_id: update.room_id,
    name: update.name === undefined ? known?.name : (update.name ?? undefined),
    heroes: update.heroes ?? known?.heroes ?? [],
    direct: update.direct ?? known?.direct ?? false,
    membership: membershipAfter(known, update, me),
    bump: update.bump ?? old?.bump ?? 0,
    joined: update.joined ?? known?.joined ?? 0,
    unread: update.unread ?? known?.unread ?? 0,
    highlights: update.highlights ?? known?.highlights ?? 0,
    preview: old?.preview,
    purpose: stated(update, "m.room.topic", "topic") ?? known?.purpose,
    kind: stated(update, "m.room.create", "org.wardline.kind") ?? known?.kind,
    type: stated(update, "m.room.create", "type") ?? known?.type,
    tags: known?.tags ?? [],
  };
  if (room.membership === "invite" && update.stripped) return withInvitation(room, update.stripped, me);
  if (room.membership === "invite") Object.assign(room, { inviter: known?.inviter, reason: known?.reason });
  return room;
}

/** A text in the latest state event of a type; undefined when the update has no such event. */
function stated(update: RoomUpdate, type: string, key: string): string | undefined {
  const event = [...update.state, ...update.timeline].findLast((one) => one.type === type && one.state_key === "");
  return event && (text(event.content[key]) ?? "");
}

function membershipAfter(known: Room | undefined, update: RoomUpdate, me: string): Membership {
  const own = [...update.state, ...update.timeline].findLast((event) => event.type === "m.room.member" && event.state_key === me);
  const said = asMembership(update.membership) ?? asMembership(own?.content.membership);
  return said ?? (update.stripped ? "invite" : (known?.membership ?? "join"));
}

/** An invitation comes with a few state events without ids (client-server API, "stripped state"). */
function withInvitation(room: Room, stripped: Content[], me: string): Room {
  const content = (type: string, key: string): Content => {
    const event = stripped.find((one) => one.type === type && one.state_key === key);
    return isObject(event?.content) ? event.content : {};
  };
  const own = stripped.find((one) => one.type === "m.room.member" && one.state_key === me);
  const sender = text(own?.sender);
  const inviter: Hero | undefined = sender ? { user_id: sender, name: text(content("m.room.member", sender).displayname) } : undefined;
  return {
    ...room,
    name: room.name ?? text(content("m.room.name", "").name),
    inviter,
    reason: text(isObject(own?.content) ? own.content.reason : undefined),
    purpose: text(content("m.room.topic", "").topic),
    kind: text(content("m.room.create", "")["org.wardline.kind"]),
  };
}

/** The timeline with the update's events at its end. A gap that nothing bridges begins it anew. */
export function updateTimeline(old: Timeline | undefined, update: RoomUpdate): Timeline {
  const known = old?.events ?? [];
  const { events, fromKnown } = joined(known, update.timeline, update.initial || update.gap);
  const before = fromKnown ? old?.before : update.before;
  return trimmed({ room_id: update.room_id, events: withRedactions(events, update.timeline), before });
}

/** Two runs of events made one. */
export interface Joined {
  events: MatrixEvent[];
  /** The first event is still the first known. */
  fromKnown: boolean;
  /** Nothing can be missing between the two. */
  bridged: boolean;
}

/**
 * The events known, with the latest ones after them. When there may be a gap between the two, they are joined where they
 * overlap; if they do not, only the latest remain.
 */
export function joined(known: MatrixEvent[], latest: MatrixEvent[], gap: boolean): Joined {
  if (known.length === 0) return { events: latest, fromKnown: false, bridged: false };
  const places = new Map(known.map((event, at) => [event.event_id, at]));
  if (!gap) return { events: [...known, ...latest.filter((event) => !places.has(event.event_id))], fromKnown: true, bridged: true };
  const from = latest.findIndex((event) => places.has(event.event_id));
  const at = places.get(latest[from]?.event_id ?? "");
  if (at === undefined) return { events: latest, fromKnown: false, bridged: false };
  if (at === 0) return { events: latest, fromKnown: from === 0, bridged: true };
  return { events: [...known.slice(0, at), ...latest.slice(from)], fromKnown: true, bridged: true };
}

/** The events, less what the redactions among `news` took away. */
export function withRedactions(events: MatrixEvent[], news: MatrixEvent[]): MatrixEvent[] {
  const redactions = new Map(news.flatMap((event) => {
    const target = redactionTarget(event);
    return target === undefined ? [] : [[target, event] as const];
  }));
  if (redactions.size === 0) return events;
  return events.map((event) => {
    const because = redactions.get(event.event_id);
    return because && !isRedacted(event) ? redacted(event, because) : event;
  });
}

function trimmed(timeline: Timeline): Timeline {
  if (timeline.events.length <= keptEvents) return timeline;
  return { ...timeline, events: timeline.events.slice(-keptEvents), before: undefined };
}

/** The room with its latest message, named by the member records. */
export function withPreview(room: Room, timeline: Timeline, name: (userId: string) => string | undefined): Room {
  const event = latestMessage(timeline.events);
  return { ...room, preview: event && { event, senderName: name(event.sender) } };
}

/** The members whom events of membership describe, latest last. */
export function membersOf(room_id: string, events: MatrixEvent[]): Member[] {
  return events.flatMap((event) => {
    const membership = asMembership(event.content.membership);
    if (event.type !== "m.room.member" || event.state_key === undefined || membership === undefined) return [];
    return [{ room_id, user_id: event.state_key, name: text(event.content.displayname), membership }];
  });
}
