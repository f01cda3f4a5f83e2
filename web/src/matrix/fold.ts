// From a room's events to what is read on a screen: edits and reactions folded into their messages, days and membership
// told between them, and the messages still on their way at the end. Pure, and without words: those are in words.ts.

import { bodyOf, type Body } from "./body";
import { isRedacted, redacted, relation, text, transactionOf, type Content, type MatrixEvent } from "./event";
import { deletes, type Pending, type Receipt } from "./record";
import { editOf, gather, mentionsIn, newContent, reactionsTo, repliedTo, threadFrom, threadOf, type Around, type Reaction, type ThreadSummary } from "./relations";

export { bodyOf, type Body } from "./body";

export interface Message {
  kind: "message";
  /** Stays the same from the moment of sending. */
  key: string;
  event_id?: string;
  sender: string;
  mine: boolean;
  at: number;
  body: Body;
  edited: boolean;
  /** An own edit or deletion of it that is on its way, or failed. */
  change?: { txn_id: string; type: string; state: Pending["state"]; reason?: string };
  reactions: Reaction[];
  /** What it answers; without a sender and a body that is not loaded. */
  reply?: { event_id: string; sender?: string; body?: Body };
  /** The thread that begins with it. */
  thread?: ThreadSummary;
  /** The people it names. */
  mentions: string[];
  /** It names this person, or everyone. */
  forMe: boolean;
  /** Who deleted it, where that was not its sender. */
  deletedBy?: string;
  state: Pending["state"] | "received";
  /** The server's code for why it failed. */
  reason?: string;
  /** How many others are known to have read it, and on how many others' devices it is. */
  readers: number;
  holders: number;
  /** The first of several in a row by the same person. */
  leads: boolean;
}

/** Several changes of membership in a row are told as one. */
export interface MembershipNotice {
  kind: "membership";
  key: string;
  change: "join" | "leave" | "invite" | "ban";
  people: string[];
}

export interface StateNotice {
  kind: "state";
  key: string;
  change: "created" | "name" | "topic";
  sender: string;
  value?: string;
}

export type Item = Message | MembershipNotice | StateNotice | { kind: "day"; key: string; at: number } | { kind: "unread"; key: string };

export interface FoldInput {
  events: MatrixEvent[];
  pending: Pending[];
  receipts: Receipt[];
  /** How far the messages have come on the others' devices. */
  delivered?: Receipt[];
  /** Later events that are not shown themselves, but may change those that are. */
  others?: MatrixEvent[];
  /** Shows the thread that begins with this event, rather than what is in no thread. */
  thread?: string;
  me: string;
  /** The last event that had been read when the conversation was opened. */
  readUpTo?: string;
  /** Groups times into days, in the reader's time zone. */
  dayOf: (at: number) => string;
}

/** Messages further apart than this stand on their own, even by the same person. */
const groupMs = 5 * 60_000;

export function isMessage(event: MatrixEvent): boolean {
  if (event.type !== "m.room.message" && event.type !== "m.sticker" && event.type !== "m.room.encrypted") return false;
  return relation(event)?.type !== "m.replace";
}

/** The room's latest message as it reads now, for the list of conversations. */
export function latestMessage(events: MatrixEvent[]): MatrixEvent | undefined {
  const found = events.findLast(isMessage);
  const edit = found && editOf(found, gather(events, [], [], ""));
  return edit ? { ...found, content: newContent(edit) } : found;
}

/** For each other person, the place in the timeline up to which they have read: by receipt, or because they wrote there. */
function placesOf(input: FoldInput, receipts: Receipt[]): Map<string, number> {
  const placeOf = new Map(input.events.map((event, place) => [event.event_id, place]));
  const places = new Map<string, number>();
  const raise = (user: string, place: number | undefined) => {
    if (user !== input.me && place !== undefined) places.set(user, Math.max(place, places.get(user) ?? -1));
  };
  for (const receipt of receipts) raise(receipt.user_id, placeOf.get(receipt.event_id));
  for (const [place, event] of input.events.entries()) if (isMessage(event)) raise(event.sender, place);
  return places;
}

/** Everything the timeline shows, oldest first. */
export function fold(input: FoldInput): Item[] {
  const deleting = new Set(input.pending.flatMap((one) => (one.state === "failed" ? [] : [deletes(one)])));
  const events = deleting.size === 0 ? input.events : input.events.map((event) => (deleting.has(event.event_id) ? redacted(event, gone(input.me)) : event));
  const others = (input.others ?? []).filter((event) => !deleting.has(event.event_id));
  const around = gather(events, others, input.pending, input.me);
  const items = [...eventItems({ ...input, events }, around), ...pendingItems(input)];
  return grouped(withDays(items, input.dayOf));
}

/** Stands for a deletion that is on its way. */
function gone(sender: string): MatrixEvent {
  return { event_id: "", type: "m.room.redaction", sender, origin_server_ts: 0, content: {} };
}

type Dated = { at: number; item: Item };

function eventItems(input: FoldInput, around: Around): Dated[] {
  const read = placesOf(input, input.receipts);
  const held = placesOf(input, [...input.receipts, ...(input.delivered ?? [])]);
  const changes = changesIn(input.pending);
  const items: Dated[] = [];
  let unreadFrom: "not yet" | "next" | "done" = input.readUpTo && around.byId.has(input.readUpTo) ? "not yet" : "done";
  for (const [place, event] of input.events.entries()) {
    const item = itemOf(event, input, around);
    if (item?.kind === "message") {
      item.change = changes.get(event.event_id);
      if (item.mine) item.readers = upTo(read, place);
      if (item.mine) item.holders = upTo(held, place);
    }
    if (item?.kind === "message" && !item.mine && unreadFrom === "next") {
      items.push({ at: event.origin_server_ts, item: { kind: "unread", key: "unread" } });
      unreadFrom = "done";
    }
    if (item) items.push({ at: event.origin_server_ts, item });
    if (event.event_id === input.readUpTo && unreadFrom === "not yet") unreadFrom = "next";
  }
  return items;
}

function upTo(places: Map<string, number>, place: number): number {
  let count = 0;
  for (const reached of places.values()) if (reached >= place) count++;
  return count;
}

/** Own edits and deletions on their way, by the message they change. */
function changesIn(pending: Pending[]): Map<string, Message["change"]> {
  const changes = new Map<string, Message["change"]>();
  for (const one of pending) {
    const relates = relation(one);
    const target = relates?.type === "m.replace" ? relates.target : deletes(one);
    if (target !== undefined) changes.set(target, { txn_id: one.txn_id, type: one.type, state: one.state, reason: one.reason });
  }
  return changes;
}

/** What an event is in the timeline, or in the thread that is asked for; undefined where it is shown elsewhere or nowhere. */
function itemOf(event: MatrixEvent, input: FoldInput, around: Around): Item | undefined {
  if (input.thread === undefined) {
    if (threadOf(event) !== undefined) return undefined;
    return isMessage(event) ? message(event, around) : notice(event, input.me);
  }
  if (!isMessage(event) || (event.event_id !== input.thread && threadOf(event) !== input.thread)) return undefined;
  return { ...message(event, around), thread: undefined };
}

function message(event: MatrixEvent, around: Around): Message {
  const edit = editOf(event, around);
  const mentions = mentionsIn(edit ? newContent(edit) : event.content);
  const because = event.unsigned?.redacted_because as MatrixEvent | undefined;
  return {
    kind: "message",
    key: transactionOf(event) ?? event.event_id,
    event_id: event.event_id,
    sender: event.sender,
    mine: event.sender === around.me,
    at: event.origin_server_ts,
    body: bodyOf(event, edit ? newContent(edit) : event.content),
    edited: edit !== undefined,
    reactions: isRedacted(event) ? [] : reactionsTo(event.event_id, around),
    reply: repliedTo(event, around),
    thread: threadFrom(event, around),
    mentions: mentions.users,
    forMe: mentions.room || mentions.users.includes(around.me),
    deletedBy: because && because.sender !== event.sender ? because.sender : undefined,
    state: "received",
    readers: 0,
    holders: 0,
    leads: true,
  };
}

function notice(event: MatrixEvent, me: string): Item | undefined {
  const key = event.event_id;
  const value = (name: string) => text(event.content[name]);
  switch (event.type) {
    case "m.room.create":
      return { kind: "state", key, change: "created", sender: event.sender };
    case "m.room.name":
      return { kind: "state", key, change: "name", sender: event.sender, value: value("name") };
    case "m.room.topic":
      return { kind: "state", key, change: "topic", sender: event.sender, value: value("topic") };
    case "m.room.member":
      return membership(event, me);
    default:
      return undefined;
  }
}

function membership(event: MatrixEvent, me: string): MembershipNotice | undefined {
  const { membership: now } = event.content;
  const before = (event.unsigned?.prev_content as Content | undefined)?.membership;
  if (event.state_key === undefined || now === before || event.state_key === me) return undefined;
  if (now !== "join" && now !== "leave" && now !== "invite" && now !== "ban") return undefined;
  return { kind: "membership", key: event.event_id, change: now, people: [event.state_key] };
}

/** The messages on their way, less those that already arrived. */
function pendingItems(input: FoldInput): Dated[] {
  const arrived = new Set(input.events.flatMap((event) => [event.event_id, transactionOf(event)]));
  const waiting = input.pending.filter((one) => isOwnLine(one, input.thread) && !arrived.has(one.txn_id) && !(one.event_id && arrived.has(one.event_id)));
  // This device's clock may be behind the server's: what is on its way is still of no earlier day than what has arrived.
  const latest = input.events.at(-1)?.origin_server_ts ?? 0;
  return waiting.map((one) => ({ at: Math.max(latest, one.queued_at), item: pendingMessage(one, input.me) }));
}

/** Whether something on its way is a message here, rather than a change to one, or a message of another thread. */
function isOwnLine(one: Pending, thread: string | undefined): boolean {
  return one.type === "m.room.message" && relation(one)?.type !== "m.replace" && threadOf(one) === thread;
}

function pendingMessage(one: Pending, me: string): Message {
  return {
    kind: "message",
    key: one.txn_id,
    event_id: one.event_id,
    sender: me,
    mine: true,
    at: one.queued_at,
    body: bodyOf({ ...one, unsigned: undefined }, one.content, `outbox:${one.txn_id}`),
    edited: false,
    reactions: [],
    mentions: [],
    forMe: false,
    state: one.state,
    reason: one.reason,
    readers: 0,
    holders: 0,
    leads: true,
  };
}

function withDays(items: Dated[], dayOf: (at: number) => string): Item[] {
  const out: Item[] = [];
  let last = "";
  for (const { at, item } of items) {
    const day = dayOf(at);
    if (day !== last) out.push({ kind: "day", key: `day ${day} ${out.length === 0 ? "" : item.key}`.trim(), at });
    last = day;
    out.push(item);
  }
  return out;
}

/** Marks the first message of each group, and tells changes of membership in a row as one. */
function grouped(items: Item[]): Item[] {
  const out: Item[] = [];
  for (const item of items) {
    const before = out.at(-1);
    if (item.kind === "membership" && before?.kind === "membership" && before.change === item.change) {
      out[out.length - 1] = { ...before, people: [...new Set([...before.people, ...item.people])] };
      continue;
    }
    if (item.kind === "message" && before?.kind === "message") item.leads = before.sender !== item.sender || item.at - before.at > groupMs;
    out.push(item);
  }
  return out;
}
