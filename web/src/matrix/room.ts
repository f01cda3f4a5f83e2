// What a person does in one conversation besides sending: read its past, say that they have read, say that they are typing,
// answer an invitation. Each is one call of the client-server API.

import { membersOf } from "./apply";
import { readEvents, text, type Content, type MatrixEvent } from "./event";
import { MatrixError, type Client } from "./http";
import type { Member } from "./record";

/** Messages before or after a position, oldest first, and where to go on; no `next` means that there are no more. */
export interface Page {
  events: MatrixEvent[];
  members: Member[];
  next?: string;
}

/** An event with those around it, oldest first, and the positions before and after them. */
export interface Surroundings extends Omit<Page, "next"> {
  before?: string;
  after?: string;
}

const pageSize = 50;

/** The typing notice lasts this long at the server unless renewed or taken back. */
export const typingMs = 20_000;

function at(roomId: string, rest: string): string {
  return `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/${rest}`;
}

/** GET /messages from a position, or from the end nearest to it, with the members that its events need; `only` filters further. */
export async function messagesFrom(client: Client, roomId: string, from: string | undefined, direction: "older" | "newer", only: Content = {}): Promise<Page> {
  const older = direction === "older";
  const filter = JSON.stringify({ lazy_load_members: true, ...only });
  const query = { dir: older ? "b" : "f", ...(from === undefined ? {} : { from }), limit: pageSize, filter };
  const answer = await client.call("GET", at(roomId, "messages"), { query });
  const events = readEvents(answer.chunk);
  return { events: older ? events.reverse() : events, members: membersOf(roomId, readEvents(answer.state)), next: text(answer.end) };
}

/** GET /context: an event with so many around it. Undefined when it is not, or no longer, there for this person. */
export async function around(client: Client, roomId: string, eventId: string, limit: number): Promise<Surroundings | undefined> {
  const filter = JSON.stringify({ lazy_load_members: true });
  try {
    const answer = await client.call("GET", at(roomId, `context/${encodeURIComponent(eventId)}`), { query: { limit, filter } });
    const events = [...readEvents(answer.events_before).reverse(), ...readEvents([answer.event]), ...readEvents(answer.events_after)];
    return { events, members: membersOf(roomId, readEvents(answer.state)), before: text(answer.start), after: text(answer.end) };
  } catch (error) {
    if (error instanceof MatrixError && (error.status === 404 || error.status === 403)) return undefined;
    throw error;
  }
}

/** Lets the others know that everything up to the event was read, in the thread that is named: "main", or its first message. */
export async function sendReceipt(client: Client, roomId: string, eventId: string, thread?: string): Promise<void> {
  const body = thread === undefined ? {} : { thread_id: thread };
  await client.call("POST", at(roomId, `receipt/m.read/${encodeURIComponent(eventId)}`), { body });
}

export async function sendTyping(client: Client, roomId: string, typing: boolean): Promise<void> {
  const body = typing ? { typing, timeout: typingMs } : { typing };
  await client.call("PUT", at(roomId, `typing/${encodeURIComponent(client.userId)}`), { body });
}

export async function join(client: Client, roomId: string): Promise<void> {
  await client.call("POST", at(roomId, "join"), { body: {} });
}

/** Leaves a conversation, or declines the invitation to it. */
export async function leave(client: Client, roomId: string): Promise<void> {
  await client.call("POST", at(roomId, "leave"), { body: {} });
}
