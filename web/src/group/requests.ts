// What is done to a group, each a call of the client-server API, and what its state says of the people in it.

import { isObject, readEvents, text, type Content, type MatrixEvent } from "../matrix/event";
import { MatrixError, type Client } from "../matrix/http";
import { kindField, type Kind } from "./kind";

export const ownerType = "org.wardline.owner";

/** Characters in the name and the purpose of a group. */
export const longestName = 100;
export const longestPurpose = 500;

export interface NewGroup {
  name: string;
  purpose: string;
  kind: Kind;
  /** The people asked to join. */
  members: string[];
  /** Whether colleagues find it among the groups to join, and join without being asked. */
  open: boolean;
}

/** Makes a group, owned by the person who makes it, and invites its members; its id. */
export async function createGroup(client: Client, group: NewGroup): Promise<string> {
  const answer = await client.call("POST", "/_matrix/client/v3/createRoom", {
    body: {
      preset: group.open ? "public_chat" : "private_chat",
      visibility: group.open ? "public" : "private",
      name: group.name,
      topic: group.purpose,
      invite: group.members,
      creation_content: { [kindField]: group.kind },
      initial_state: [{ type: ownerType, state_key: "", content: { user_id: client.userId } }],
    },
  });
  if (typeof answer.room_id !== "string") throw new MatrixError(502, "M_UNKNOWN", "the answer names no room", undefined);
  return answer.room_id;
}

function at(roomId: string, rest: string): string {
  return `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/${rest}`;
}

async function setState(client: Client, roomId: string, type: string, content: Content): Promise<void> {
  await client.call("PUT", at(roomId, `state/${type}`), { body: content });
}

export async function rename(client: Client, roomId: string, name: string): Promise<void> {
  await setState(client, roomId, "m.room.name", { name });
}

export async function setPurpose(client: Client, roomId: string, topic: string): Promise<void> {
  await setState(client, roomId, "m.room.topic", { topic });
}

/** Hands the group to somebody else: they answer for it, and may do all that can be given to them. */
export async function setOwner(client: Client, roomId: string, userId: string, state: GroupState): Promise<void> {
  const creator = state.creators.includes(userId);
  if (!creator && levelOf(state, userId) < 100 && mayChange(state, client.userId, "m.room.power_levels")) await setLevel(client, roomId, userId, 100, state);
  await setState(client, roomId, ownerType, { user_id: userId });
}

/** Lets a member change names and members, or not. */
export async function setLead(client: Client, roomId: string, userId: string, on: boolean, state: GroupState): Promise<void> {
  await setLevel(client, roomId, userId, on ? leadLevel : undefined, state);
}

async function setLevel(client: Client, roomId: string, userId: string, level: number | undefined, state: GroupState): Promise<void> {
  const users: Content = { ...(isObject(state.levels.users) ? state.levels.users : {}) };
  if (level === undefined) delete users[userId];
  else users[userId] = level;
  await setState(client, roomId, "m.room.power_levels", { ...state.levels, users });
}

/** Asks somebody to join; the reason is shown to them. */
export async function invite(client: Client, roomId: string, userId: string, reason: string): Promise<void> {
  await client.call("POST", at(roomId, "invite"), { body: reason === "" ? { user_id: userId } : { user_id: userId, reason } });
}

/** Takes somebody out of the group, or takes their invitation back. */
export async function remove(client: Client, roomId: string, userId: string): Promise<void> {
  await client.call("POST", at(roomId, "kick"), { body: { user_id: userId } });
}

/** Everything the group's state says now. */
export async function readState(client: Client, roomId: string): Promise<MatrixEvent[]> {
  // The answer of this endpoint is a list; the client's calls give objects. Members and single events are asked for instead.
  const [members, levels, create, owner, rules] = await Promise.all([
    client.call("GET", at(roomId, "members")),
    stateEvent(client, roomId, "m.room.power_levels"),
    stateEvent(client, roomId, "m.room.create"),
    stateEvent(client, roomId, ownerType),
    stateEvent(client, roomId, "m.room.join_rules"),
  ]);
  return [...readEvents(members.chunk), ...[levels, create, owner, rules].filter((event) => event !== undefined)];
}

/** A state event with its sender; undefined when there is none. */
async function stateEvent(client: Client, roomId: string, type: string): Promise<MatrixEvent | undefined> {
  try {
    return readEvents([await client.call("GET", at(roomId, `state/${type}/`), { query: { format: "event" } })])[0];
  } catch (error) {
    if (error instanceof MatrixError && error.status === 404) return undefined;
    throw error;
  }
}

/** Who joined, left, was asked and was removed: a page of it, latest first, and where to go on. */
export async function membershipHistory(client: Client, roomId: string, from?: string): Promise<{ events: MatrixEvent[]; next?: string }> {
  const filter = JSON.stringify({ types: ["m.room.member"] });
  const query = { dir: "b", limit: 50, filter, ...(from === undefined ? {} : { from }) };
  const answer = await client.call("GET", at(roomId, "messages"), { query });
  return { events: readEvents(answer.chunk), next: text(answer.end) };
}

/** A group that anyone may join. */
export interface OpenGroup {
  room_id: string;
  name: string;
  purpose: string;
  kind?: string;
  members: number;
}

/** POST /publicRooms: the trust's open groups whose name or purpose holds the term, the largest first. */
export async function openGroups(client: Client, term: string, since?: string, signal?: AbortSignal): Promise<{ groups: OpenGroup[]; next?: string }> {
  const body = { limit: 40, since, filter: { generic_search_term: term, room_types: [null] } };
  const answer = await client.call("POST", "/_matrix/client/v3/publicRooms", { body, signal });
  const chunk = Array.isArray(answer.chunk) ? answer.chunk : [];
  return { groups: chunk.flatMap(readOpenGroup), next: text(answer.next_batch) };
}

function readOpenGroup(value: unknown): OpenGroup[] {
  const room_id = isObject(value) ? text(value.room_id) : undefined;
  if (!isObject(value) || room_id === undefined) return [];
  const members = typeof value.num_joined_members === "number" ? value.num_joined_members : 0;
  return [{ room_id, name: text(value.name) || text(value.canonical_alias) || "", purpose: text(value.topic) ?? "", kind: text(value[kindField]), members }];
}

/** Power from which a member may change the name, the purpose and who is in the group. */
export const leadLevel = 50;

export interface GroupState {
  /** Their power is without limit (room version 12, "Room creators"). */
  creators: string[];
  /** The content of m.room.power_levels. */
  levels: Content;
  owner: string | undefined;
  open: boolean;
}

/** What events of state say of who may do what. */
export function groupState(events: readonly MatrixEvent[]): GroupState {
  const latest = (type: string) => events.findLast((event) => event.type === type && event.state_key === "");
  const create = latest("m.room.create");
  const additional = create?.content.additional_creators;
  const privileged = create !== undefined && Number(create.content.room_version ?? 1) >= 12;
  const creators = privileged ? [create.sender, ...(Array.isArray(additional) ? additional.filter((id) => typeof id === "string") : [])] : [];
  return {
    creators,
    levels: latest("m.room.power_levels")?.content ?? {},
    owner: text(latest(ownerType)?.content.user_id) ?? create?.sender,
    open: text(latest("m.room.join_rules")?.content.join_rule) === "public",
  };
}

export function levelOf(state: GroupState, userId: string): number {
  if (state.creators.includes(userId)) return Infinity;
  const users = isObject(state.levels.users) ? state.levels.users : {};
  return number(users[userId]) ?? number(state.levels.users_default) ?? 0;
}

/** Whether somebody may send a state event of a type. */
export function mayChange(state: GroupState, userId: string, type: string): boolean {
  const events = isObject(state.levels.events) ? state.levels.events : {};
  return levelOf(state, userId) >= (number(events[type]) ?? number(state.levels.state_default) ?? 50);
}

export function mayInvite(state: GroupState, userId: string): boolean {
  return levelOf(state, userId) >= (number(state.levels.invite) ?? 0);
}

/** Whether one may take another out: with the power to, and more power than the other has. */
export function mayRemove(state: GroupState, userId: string, other: string): boolean {
  const level = levelOf(state, userId);
  return level >= (number(state.levels.kick) ?? 50) && level > levelOf(state, other);
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
