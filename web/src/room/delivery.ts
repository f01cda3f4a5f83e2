// Who has a message and who has read it, as the server knows (Wardline's own API, docs/protocol.md).

import { isObject } from "../matrix/event";
import type { Client } from "../matrix/http";
import type { Receipt } from "../matrix/record";
import { readMarks } from "../matrix/sliding";

/** When, in milliseconds since 1970; not exact where only a later time is known, by which it was so. */
export interface When {
  at: number;
  exact: boolean;
}

export interface Reach {
  user_id: string;
  delivered?: When;
  read?: When;
}

/** GET /_wardline/v1/rooms/{roomId}/delivery/{eventId}. Throws what a call throws. */
export async function deliveryOf(client: Client, roomId: string, eventId: string): Promise<Reach[]> {
  const answer = await client.call("GET", `/_wardline/v1/rooms/${encodeURIComponent(roomId)}/delivery/${encodeURIComponent(eventId)}`);
  if (!Array.isArray(answer.members)) return [];
  return answer.members.flatMap((one) => (isObject(one) && typeof one.user_id === "string" ? [{ user_id: one.user_id, delivered: when(one.delivered), read: when(one.read) }] : []));
}

/** GET /_wardline/v1/rooms/{roomId}/delivery: the latest event that each member's devices have. Throws what a call throws. */
export async function marksOf(client: Client, roomId: string): Promise<Receipt[]> {
  const answer = await client.call("GET", `/_wardline/v1/rooms/${encodeURIComponent(roomId)}/delivery`);
  return readMarks(roomId, answer.members);
}

function when(value: unknown): When | undefined {
  if (!isObject(value) || typeof value.at !== "number") return undefined;
  return { at: value.at, exact: value.exact === true };
}
