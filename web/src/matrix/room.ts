// What a person does in one conversation besides sending: read its past, say that they have read, say that they are typing,
// answer an invitation. Each is one call of the client-server API.

import { membersOf } from "./apply";
import { readEvents, text, type MatrixEvent } from "./event";
import { MatrixError, type Client } from "./http";
import type { Member } from "./record";

/** Older messages, oldest first, and where to go on; no `before` means that the conversation began here. */
export interface Page {
  events: MatrixEvent[];
  members: Member[];
  before?: string;
}

const pageSize = 50;

/** The typing notice lasts this long at the server unless renewed or taken back. */
export const typingMs = 20_000;

function at(roomId: string, rest: string): string {
  return `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/${rest}`;
}

/** GET /messages backwards from a position, with the members that its events need. */
export async function olderMessages(client: Client, roomId: string, before: string): Promise<Page> {
  const filter = JSON.stringify({ lazy_load_members: true });
  const query = { dir: "b", from: before, limit: pageSize, filter };
  const answer = await client.call("GET", at(roomId, "messages"), { query });
  const events = readEvents(answer.chunk).reverse();
  return { events, members: membersOf(roomId, readEvents(answer.state)), before: text(answer.end) };
}

/** The position just before an event, for /messages. Undefined when the event is no longer there to be asked about. */
export async function positionBefore(client: Client, roomId: string, eventId: string): Promise<string | undefined> {
  try {
    const answer = await client.call("GET", at(roomId, `context/${encodeURIComponent(eventId)}`), { query: { limit: 0 } });
    return text(answer.start);
  } catch (error) {
    if (error instanceof MatrixError && error.status === 404) return undefined;
    throw error;
  }
}

/** Lets the others know that everything up to the event was read. */
export async function sendReceipt(client: Client, roomId: string, eventId: string): Promise<void> {
  await client.call("POST", at(roomId, `receipt/m.read/${encodeURIComponent(eventId)}`), { body: {} });
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
