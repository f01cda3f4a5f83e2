// Reading what belongs to single messages, and the state of a conversation: events by their id, the events that relate to
// one, state. Each is one call of the client-server API.

import { readEvent, readEvents, text, type Content, type MatrixEvent } from "./event";
import { MatrixError, type Client } from "./http";

function at(version: "v1" | "v3", roomId: string, rest: string): string {
  return `/_matrix/client/${version}/rooms/${encodeURIComponent(roomId)}/${rest}`;
}

/** Undefined where the server says that there is none, or none for this person. */
async function orNone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof MatrixError && (error.status === 404 || error.status === 403)) return undefined;
    throw error;
  }
}

/** GET /rooms/{roomId}/event/{eventId}. */
export async function eventById(client: Client, roomId: string, eventId: string): Promise<MatrixEvent | undefined> {
  return readEvent(await orNone(client.call("GET", at("v3", roomId, `event/${encodeURIComponent(eventId)}`))));
}

/** Events that relate to one, oldest first, and where the ones before them are. */
export interface Children {
  events: MatrixEvent[];
  before?: string;
}

/** GET /relations: the events that relate to one in a way, the latest first page by page. */
export async function children(client: Client, roomId: string, eventId: string, kind: "m.thread" | "m.replace" | "m.annotation", from?: string): Promise<Children> {
  const query: Record<string, string | number> = { dir: "b", limit: 50, ...(from === undefined ? {} : { from }) };
  const answer = await client.call("GET", at("v1", roomId, `relations/${encodeURIComponent(eventId)}/${kind}`), { query });
  return { events: readEvents(answer.chunk).reverse(), before: text(answer.next_batch) };
}

/** The current state event of a type without a key of its own. */
export async function stateEvent(client: Client, roomId: string, type: string): Promise<MatrixEvent | undefined> {
  return readEvent(await orNone(client.call("GET", at("v3", roomId, `state/${encodeURIComponent(type)}`), { query: { format: "event" } })));
}

export async function putState(client: Client, roomId: string, type: string, content: Content): Promise<void> {
  await client.call("PUT", at("v3", roomId, `state/${encodeURIComponent(type)}`), { body: content });
}
