// The one conversation between two people: found if there is one, made if there is none. Never a second one.

import type { Account } from "../matrix/account";
import type { Content } from "../matrix/event";
import { MatrixError } from "../matrix/http";
import { exclusively } from "../matrix/lock";
import type { Room } from "../matrix/record";
import { join } from "../matrix/room";

export const directType = "m.direct";

function listed(data: Content | undefined, userId: string): string[] {
  const rooms = data?.[userId];
  return Array.isArray(rooms) ? rooms.filter((id) => typeof id === "string") : [];
}

/**
 * The direct conversation with a person among the rooms of this device: one that m.direct names (client-server API, "Direct
 * Messaging"), or one that the server calls direct and that has them alone in it. One joined before an invitation from them, the most recent first.
 */
export function directWith(rooms: Iterable<Room>, data: Content | undefined, userId: string): Room | undefined {
  const named = new Set(listed(data, userId));
  const fits = (room: Room) => {
    if (room.membership === "invite") return room.inviter?.user_id === userId && (room.direct || named.has(room.room_id));
    const alone = room.direct && room.heroes.length === 1 && room.heroes[0]?.user_id === userId;
    return room.membership === "join" && (named.has(room.room_id) || alone);
  };
  const found = [...rooms].filter(fits);
  return found.sort((a, b) => Number(b.membership === "join") - Number(a.membership === "join") || b.bump - a.bump)[0];
}

/** m.direct with one more conversation in it. */
export function withDirect(data: Content | undefined, userId: string, roomId: string): Content {
  return { ...data, [userId]: [...new Set([...listed(data, userId), roomId])] };
}

/** The id of the conversation with a person: reused, accepted if it was an invitation, or made. Throws what the calls throw. */
export async function openDirect(account: Account, userId: string): Promise<string> {
  // Two windows, or a second press, wait for the first and find what it made.
  return await exclusively(`direct:${userId}`, async () => {
    const data = await current(account);
    const found = directWith(await account.store.rooms(), data, userId) ?? (await unheard(account, data, userId));
    if (found?.membership === "invite") await join(account.client, found.room_id);
    const roomId = found?.room_id ?? (await create(account, userId));
    if (!listed(data, userId).includes(roomId)) await save(account, withDirect(data, userId, roomId));
    return roomId;
  });
}

/** The list as the server has it now: another device may have begun the conversation a moment ago. */
async function current(account: Account): Promise<Content> {
  try {
    return await account.client.call("GET", path(account));
  } catch (error) {
    if (error instanceof MatrixError && error.status === 404) return {};
    throw error;
  }
}

/** A conversation that m.direct names and this device has not heard of yet, if this person is still in it. */
async function unheard(account: Account, data: Content, userId: string): Promise<Pick<Room, "room_id" | "membership"> | undefined> {
  const known = new Set((await account.store.rooms()).map((room) => room.room_id));
  const candidates = listed(data, userId).filter((id) => !known.has(id));
  if (candidates.length === 0) return undefined;
  const answer = await account.client.call("GET", "/_matrix/client/v3/joined_rooms");
  const joined = new Set(Array.isArray(answer.joined_rooms) ? answer.joined_rooms : []);
  const id = candidates.find((one) => joined.has(one));
  return id === undefined ? undefined : { room_id: id, membership: "join" };
}

async function create(account: Account, userId: string): Promise<string> {
  const body = { is_direct: true, invite: [userId], preset: "trusted_private_chat" };
  const answer = await account.client.call("POST", "/_matrix/client/v3/createRoom", { body });
  if (typeof answer.room_id !== "string") throw new MatrixError(502, "M_UNKNOWN", "the answer names no room", undefined);
  return answer.room_id;
}

async function save(account: Account, content: Content): Promise<void> {
  await account.client.call("PUT", path(account), { body: content });
  await account.store.putData({ type: directType, content });
}

function path(account: Account): string {
  return `/_matrix/client/v3/user/${encodeURIComponent(account.userId)}/account_data/${directType}`;
}
