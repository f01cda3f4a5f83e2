// What events say about one another: edits, reactions and threads, gathered from a stretch of a conversation and from what
// the server bundled with its events (client-server API, section 11.8). Pure.

import { bodyOf, type Body } from "./body";
import { isObject, isRedacted, relation, replyTarget, text, type Content, type MatrixEvent } from "./event";
import type { Pending } from "./record";

/** A reaction under a message: its key, how many people gave it, and how this person takes theirs back. */
export interface Reaction {
  key: string;
  people: string[];
  /** Own event, to be redacted; "pending" while it is on its way. */
  own?: string;
}

/** What a thread's first message tells of the replies. */
export interface ThreadSummary {
  count: number;
  at: number;
  sender: string;
}

/** Everything that is said about the events of a stretch. */
export interface Around {
  edits: Map<string, MatrixEvent>;
  reactions: Map<string, Map<string, Map<string, string>>>;
  threads: Map<string, MatrixEvent[]>;
  byId: Map<string, MatrixEvent>;
  me: string;
}

/** The first message of the thread that an event is in. */
export function threadOf(event: Pick<MatrixEvent, "content">): string | undefined {
  const relates = relation(event);
  return relates?.type === "m.thread" ? relates.target : undefined;
}

/** People whom a message names (client-server API, "User and room mentions"). */
export function mentionsIn(content: Content): { users: string[]; room: boolean } {
  const mentions = content["m.mentions"];
  if (!isObject(mentions)) return { users: [], room: false };
  const users = Array.isArray(mentions.user_ids) ? mentions.user_ids.filter((one) => typeof one === "string") : [];
  return { users, room: mentions.room === true };
}

/** Gathers what `events` say of one another, and what `others`, which are not shown themselves, say of them. */
export function gather(events: MatrixEvent[], others: MatrixEvent[], pending: Pending[], me: string): Around {
  const around: Around = { edits: new Map(), reactions: new Map(), threads: new Map(), byId: new Map(), me };
  for (const event of events) {
    around.byId.set(event.event_id, event);
    const bundled = bundledEdit(event);
    if (bundled) around.edits.set(event.event_id, bundled);
  }
  for (const event of events) take(around, event);
  for (const event of others) take(around, event);
  for (const one of pending) {
    const relates = one.type === "m.reaction" && one.state !== "failed" ? relation(one) : undefined;
    if (relates?.key !== undefined) react(around, relates.target, relates.key, me, "pending");
    const edits = relation(one);
    if (edits?.type === "m.replace" && one.state !== "failed") around.edits.set(edits.target, echo(one, me));
  }
  return around;
}

/** An own edit as it will read once it has arrived. */
function echo(one: Pending, sender: string): MatrixEvent {
  return { event_id: one.txn_id, type: one.type, sender, origin_server_ts: one.queued_at, content: one.content };
}

function take(around: Around, event: MatrixEvent): void {
  const relates = relation(event);
  if (!relates || isRedacted(event)) return;
  if (relates.type === "m.replace") around.edits.set(relates.target, event);
  if (relates.type === "m.annotation" && event.type === "m.reaction" && relates.key !== undefined) {
    react(around, relates.target, relates.key, event.sender, event.event_id);
  }
  if (relates.type === "m.thread") {
    const replies = around.threads.get(relates.target) ?? [];
    replies.push(event);
    around.threads.set(relates.target, replies);
  }
}

function react(around: Around, target: string, key: string, sender: string, event: string): void {
  const keys = around.reactions.get(target) ?? new Map<string, Map<string, string>>();
  const people = keys.get(key) ?? new Map<string, string>();
  if (!people.has(sender)) people.set(sender, event);
  keys.set(key, people);
  around.reactions.set(target, keys);
}

/** The reactions to a message; a person counts once for a key. */
export function reactionsTo(eventId: string, around: Around): Reaction[] {
  const keys = around.reactions.get(eventId);
  if (!keys) return [];
  return [...keys].map(([key, people]) => ({ key, people: [...people.keys()], own: people.get(around.me) }));
}

/** The edit that an event reads as now; nobody edits another's words. */
export function editOf(event: MatrixEvent, around: Around): MatrixEvent | undefined {
  const edit = around.edits.get(event.event_id);
  return edit && edit.sender === event.sender && !isRedacted(event) ? edit : undefined;
}

/** What an edit makes of its message. */
export function newContent(edit: MatrixEvent): Content {
  const content = edit.content["m.new_content"];
  return isObject(content) ? content : edit.content;
}

/** An edit that the server bundled with its target, because it is not in this part of the timeline. */
export function bundledEdit(event: MatrixEvent): MatrixEvent | undefined {
  const edit = bundled(event, "m.replace") as MatrixEvent | undefined;
  return edit && typeof edit.sender === "string" && isObject(edit.content) ? edit : undefined;
}

function bundled(event: MatrixEvent, kind: string): Content | undefined {
  const relations = event.unsigned?.["m.relations"];
  const found = isObject(relations) ? relations[kind] : undefined;
  return isObject(found) ? found : undefined;
}

/** The thread that begins with an event: as the server counted it when it gave the event, and the replies since. */
export function threadFrom(event: MatrixEvent, around: Around): ThreadSummary | undefined {
  const told = bundled(event, "m.thread");
  const latest = told && isObject(told.latest_event) ? told.latest_event : undefined;
  const toldAt = typeof latest?.origin_server_ts === "number" ? latest.origin_server_ts : 0;
  const toldId = text(latest?.event_id);
  const replies = (around.threads.get(event.event_id) ?? []).filter((one) => one.origin_server_ts > toldAt || (one.origin_server_ts === toldAt && one.event_id !== toldId && !told));
  const count = (typeof told?.count === "number" ? told.count : 0) + replies.length;
  if (count === 0) return undefined;
  const last = replies.at(-1);
  return { count, at: last?.origin_server_ts ?? toldAt, sender: last?.sender ?? text(latest?.sender) ?? event.sender };
}

/** What a message answers. A reply in a thread that only names the last one for older clients answers nothing. */
export function repliedTo(event: MatrixEvent, around: Around): { event_id: string; sender?: string; body?: Body } | undefined {
  const target = replyTarget(event);
  const relates = event.content["m.relates_to"];
  if (target === undefined || (isObject(relates) && relates.rel_type === "m.thread" && relates.is_falling_back !== false)) return undefined;
  const original = around.byId.get(target);
  if (!original) return { event_id: target };
  const edit = editOf(original, around);
  return { event_id: target, sender: original.sender, body: bodyOf(original, edit ? newContent(edit) : original.content) };
}
