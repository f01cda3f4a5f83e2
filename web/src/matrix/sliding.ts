// Simplified sliding sync (MSC4186) as it is spoken today, under its unstable address: what is asked, and how the answer is read.
// https://github.com/matrix-org/matrix-spec-proposals/pull/4186

import { isObject, readEvents, text, type Content, type MatrixEvent } from "./event";
import type { AccountData, Hero, Receipt, Typing } from "./record";

export const syncPath = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";

/** How far the messages of the open room have come on the others' devices: Wardline's own (docs/protocol.md). */
const deliveredName = "org.wardline.delivered";

/** Enough to fill a tall screen when a conversation is opened for the first time. */
const timelineLimit = 20;

const roomConfig = {
  timeline_limit: timelineLimit,
  required_state: [
    ["m.room.create", ""],
    ["m.room.name", ""],
    ["m.room.topic", ""],
    ["m.room.member", "$ME"],
    ["m.room.member", "$LAZY"],
  ],
};

/** The body of a sync request: the `rooms` most recent conversations, and one that is open whether recent or not. */
export function syncRequest(connection: string, rooms: number, open: string | undefined): Content {
  const request: Content = {
    conn_id: connection,
    lists: { all: { ranges: [[0, rooms - 1]], ...roomConfig } },
    extensions: { account_data: { enabled: true }, receipts: { enabled: true }, typing: { enabled: true }, [deliveredName]: { enabled: true } },
  };
  if (open !== undefined) request.room_subscriptions = { [open]: roomConfig };
  return request;
}

/** What an answer says about one room; what is undefined has not changed. */
export interface RoomUpdate {
  room_id: string;
  /** Everything known before is replaced. */
  initial: boolean;
  /** The timeline need not continue where the last one ended. */
  gap: boolean;
  name?: string | null;
  heroes?: Hero[];
  direct?: boolean;
  membership?: string;
  bump?: number;
  joined?: number;
  unread?: number;
  highlights?: number;
  state: MatrixEvent[];
  stripped?: Content[];
  timeline: MatrixEvent[];
  before?: string;
}

export interface SyncAnswer {
  pos: string;
  /** How many conversations there are, whether asked for or not. */
  count: number;
  rooms: RoomUpdate[];
  receipts: Receipt[];
  delivered: Receipt[];
  typing: Typing[];
  data: AccountData[];
}

/** Reads an answer; throws if it lacks what no answer may lack. */
export function readSync(answer: Content): SyncAnswer {
  const pos = text(answer.pos);
  if (pos === undefined) throw new Error("the sync answer has no pos");
  const list = member(member(answer, "lists"), "all");
  const extensions = member(answer, "extensions");
  return {
    pos,
    count: number(list.count) ?? 0,
    rooms: Object.entries(member(answer, "rooms")).flatMap(([id, room]) => (isObject(room) ? [readRoom(id, room)] : [])),
    receipts: Object.entries(member(member(extensions, "receipts"), "rooms")).flatMap(readReceipts),
    delivered: Object.entries(member(member(extensions, deliveredName), "rooms")).flatMap(([id, marks]) => readMarks(id, marks)),
    typing: Object.entries(member(member(extensions, "typing"), "rooms")).flatMap(readTyping),
    data: readData(member(extensions, "account_data")),
  };
}

function readRoom(room_id: string, room: Content): RoomUpdate {
  const stripped = room.stripped_state ?? room.invite_state;
  return {
    room_id,
    initial: room.initial === true,
    gap: room.limited === true || room.unstable_expanded_timeline === true || room.expanded_timeline === true,
    name: room.name === null ? null : text(room.name),
    heroes: Array.isArray(room.heroes) ? room.heroes.flatMap(readHero) : undefined,
    direct: typeof room.is_dm === "boolean" ? room.is_dm : undefined,
    membership: text(room.membership),
    bump: number(room.bump_stamp),
    joined: number(room.joined_count),
    unread: number(room.notification_count),
    highlights: number(room.highlight_count),
    state: readEvents(room.required_state),
    stripped: Array.isArray(stripped) ? stripped.filter(isObject) : undefined,
    timeline: readEvents(room.timeline ?? room.timeline_events),
    before: text(room.prev_batch),
  };
}

function readHero(hero: unknown): Hero[] {
  if (!isObject(hero)) return [];
  const user_id = text(hero.user_id);
  return user_id === undefined ? [] : [{ user_id, name: text(hero.displayname) }];
}

/** One m.receipt event holds event → kind of receipt → person (client-server API, section 11.6). */
function readReceipts([room_id, event]: [string, unknown]): Receipt[] {
  const receipts: Receipt[] = [];
  for (const [event_id, kinds] of Object.entries(member(event, "content"))) {
    for (const kind of ["m.read", "m.read.private"]) {
      for (const [user_id, data] of Object.entries(member(kinds, kind))) receipts.push(readReceipt({ room_id, user_id, event_id }, data));
    }
  }
  return receipts;
}

function readReceipt(receipt: Receipt, data: unknown): Receipt {
  const { ts, thread_id } = isObject(data) ? data : {};
  const thread = thread_id === "main" ? undefined : text(thread_id);
  return { ...receipt, ...(typeof ts === "number" ? { at: ts } : {}), ...(thread === undefined ? {} : { thread }) };
}

/** How far a room's messages have come with each person: user → the latest event there, and when. */
export function readMarks(room_id: string, marks: unknown): Receipt[] {
  return Object.entries(isObject(marks) ? marks : {}).flatMap(([user_id, mark]) => {
    const event_id = isObject(mark) ? text(mark.event_id) : undefined;
    return event_id === undefined ? [] : [{ room_id, user_id, event_id }];
  });
}

function readTyping([room_id, event]: [string, unknown]): Typing[] {
  const users = member(event, "content").user_ids;
  return Array.isArray(users) ? [{ room_id, users: users.filter((user) => typeof user === "string") }] : [];
}

/** What the person keeps at the server for their own eyes: for all they do, and for single rooms (client-server API, "Client Config"). */
function readData(extension: Content): AccountData[] {
  const events = (list: unknown, room_id?: string): AccountData[] =>
    (Array.isArray(list) ? list : []).flatMap((event) => {
      const type = isObject(event) ? text(event.type) : undefined;
      return type !== undefined && isObject(event.content) ? [{ room_id, type, content: event.content }] : [];
    });
  const rooms = Object.entries(member(extension, "rooms")).flatMap(([room_id, list]) => events(list, room_id));
  return [...events(extension.global), ...rooms];
}

function member(value: unknown, name: string): Content {
  const found = isObject(value) ? value[name] : undefined;
  return isObject(found) ? found : {};
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
