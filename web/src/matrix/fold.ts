// From a room's events to what is read on a screen: edits and reactions folded into their messages, days and membership
// told between them, and the messages still on their way at the end. Pure, and without words: those are in words.ts.

import { isRedacted, relation, replyTarget, text, transactionOf, type Content, type MatrixEvent } from "./event";
import type { Pending, Receipt } from "./record";

/** What a message holds, as far as this screen can show it. */
export type Body = { kind: "text" | "emote" | "notice"; text: string } | { kind: "image" | "video" | "audio" | "file"; name: string } | { kind: "deleted" } | { kind: "unreadable" };

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
  /** Key of the reaction, and how many people gave it. */
  reactions: [string, number][];
  reply?: { sender?: string; body?: Body };
  state: Pending["state"] | "received";
  /** The server's code for why it failed. */
  reason?: string;
  /** How many others are known to have read it. */
  readers: number;
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
  const edit = found && editsIn(events).get(found.event_id);
  if (!found || !edit || edit.sender !== found.sender || isRedacted(found)) return found;
  return { ...found, content: newContent(edit) };
}

/** The body of a message event, or of what replaced it. */
export function bodyOf(event: Pick<MatrixEvent, "type" | "content" | "unsigned">, content: Content = event.content): Body {
  if (isRedacted(event)) return { kind: "deleted" };
  const body = text(content.body);
  if (event.type === "m.sticker") return { kind: "image", name: body ?? "" };
  if (body === undefined) return { kind: "unreadable" };
  switch (content.msgtype) {
    case "m.emote":
      return { kind: "emote", text: body };
    case "m.notice":
      return { kind: "notice", text: body };
    case "m.image":
    case "m.video":
    case "m.audio":
    case "m.file":
      return { kind: content.msgtype.slice(2) as "image" | "video" | "audio" | "file", name: text(content.filename) ?? body };
    default:
      return { kind: "text", text: replyTarget(event) ? withoutQuote(body) : body };
  }
}

/** Clients before 2024 quoted what they answered in the body itself; the quote is shown from its source instead. */
function withoutQuote(body: string): string {
  if (!body.startsWith("> ")) return body;
  return body.replace(/^(> .*(\n|$))+\n?/, "") || body;
}

function newContent(edit: MatrixEvent): Content {
  const content = edit.content["m.new_content"];
  return typeof content === "object" && content !== null ? (content as Content) : edit.content;
}

/** The latest edit of each message, whoever made it; whether they may is for the reader to check against the sender. */
function editsIn(events: MatrixEvent[]): Map<string, MatrixEvent> {
  const edits = new Map<string, MatrixEvent>();
  for (const event of events) {
    for (const bundled of bundledEdits(event)) edits.set(event.event_id, bundled);
    const relates = relation(event);
    if (relates?.type === "m.replace" && !isRedacted(event)) edits.set(relates.target, event);
  }
  return edits;
}

/** An edit that the server bundled with its target, because it is not in this part of the timeline. */
function bundledEdits(event: MatrixEvent): MatrixEvent[] {
  const relations = event.unsigned?.["m.relations"] as Content | undefined;
  const edit = relations?.["m.replace"] as MatrixEvent | undefined;
  return edit && typeof edit.sender === "string" && typeof edit.content === "object" && edit.content !== null ? [edit] : [];
}

/** For each message, its reactions with those who gave them; a person counts once for a key. */
function reactionsIn(events: MatrixEvent[]): Map<string, Map<string, Set<string>>> {
  const reactions = new Map<string, Map<string, Set<string>>>();
  for (const event of events) {
    const relates = event.type === "m.reaction" ? relation(event) : undefined;
    if (relates?.type !== "m.annotation" || relates.key === undefined) continue;
    const keys = reactions.get(relates.target) ?? new Map<string, Set<string>>();
    keys.set(relates.key, (keys.get(relates.key) ?? new Set()).add(event.sender));
    reactions.set(relates.target, keys);
  }
  return reactions;
}

/** For each other person, the place in the timeline up to which they have read: by receipt, or because they wrote there. */
function placesRead(input: FoldInput): number[] {
  const placeOf = new Map(input.events.map((event, place) => [event.event_id, place]));
  const places = new Map<string, number>();
  const raise = (user: string, place: number | undefined) => {
    if (user !== input.me && place !== undefined) places.set(user, Math.max(place, places.get(user) ?? -1));
  };
  for (const receipt of input.receipts) raise(receipt.user_id, placeOf.get(receipt.event_id));
  for (const [place, event] of input.events.entries()) if (isMessage(event)) raise(event.sender, place);
  return [...places.values()];
}

/** Everything the timeline shows, oldest first. */
export function fold(input: FoldInput): Item[] {
  const items = [...eventItems(input), ...pendingItems(input)];
  return grouped(withDays(items, input.dayOf));
}

type Dated = { at: number; item: Item };

function eventItems(input: FoldInput): Dated[] {
  const edits = editsIn(input.events);
  const reactions = reactionsIn(input.events);
  const read = placesRead(input);
  const byId = new Map(input.events.map((event) => [event.event_id, event]));
  const items: Dated[] = [];
  let unreadFrom: "not yet" | "next" | "done" = input.readUpTo && byId.has(input.readUpTo) ? "not yet" : "done";
  for (const [place, event] of input.events.entries()) {
    const item = isMessage(event) ? message(event, { edits, reactions, byId, me: input.me }) : notice(event, input.me);
    if (item?.kind === "message" && item.mine) item.readers = read.filter((upTo) => upTo >= place).length;
    if (item?.kind === "message" && !item.mine && unreadFrom === "next") {
      items.push({ at: event.origin_server_ts, item: { kind: "unread", key: "unread" } });
      unreadFrom = "done";
    }
    if (item) items.push({ at: event.origin_server_ts, item });
    if (event.event_id === input.readUpTo && unreadFrom === "not yet") unreadFrom = "next";
  }
  return items;
}

interface Around {
  edits: Map<string, MatrixEvent>;
  reactions: Map<string, Map<string, Set<string>>>;
  byId: Map<string, MatrixEvent>;
  me: string;
}

function message(event: MatrixEvent, around: Around): Message {
  const edit = around.edits.get(event.event_id);
  const edited = edit !== undefined && edit.sender === event.sender && !isRedacted(event);
  const keys = around.reactions.get(event.event_id) ?? new Map<string, Set<string>>();
  return {
    kind: "message",
    key: transactionOf(event) ?? event.event_id,
    event_id: event.event_id,
    sender: event.sender,
    mine: event.sender === around.me,
    at: event.origin_server_ts,
    body: bodyOf(event, edited ? newContent(edit) : event.content),
    edited,
    reactions: [...keys].map(([key, people]) => [key, people.size]),
    reply: replied(event, around),
    state: "received",
    readers: 0,
    leads: true,
  };
}

function replied(event: MatrixEvent, around: Around): Message["reply"] {
  const target = replyTarget(event);
  if (target === undefined) return undefined;
  const original = around.byId.get(target);
  if (!original) return {};
  const edit = around.edits.get(target);
  return { sender: original.sender, body: bodyOf(original, edit?.sender === original.sender ? newContent(edit) : original.content) };
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
  const waiting = input.pending.filter((one) => !arrived.has(one.txn_id) && !(one.event_id && arrived.has(one.event_id)));
  // This device's clock may be behind the server's: what is on its way is still of no earlier day than what has arrived.
  const latest = input.events.at(-1)?.origin_server_ts ?? 0;
  return waiting.map((one) => ({ at: Math.max(latest, one.queued_at), item: pendingMessage(one, input.me) }));
}

function pendingMessage(one: Pending, me: string): Message {
  return {
    kind: "message",
    key: one.txn_id,
    event_id: one.event_id,
    sender: me,
    mine: true,
    at: one.queued_at,
    body: bodyOf(one),
    edited: false,
    reactions: [],
    state: one.state,
    reason: one.reason,
    readers: 0,
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
