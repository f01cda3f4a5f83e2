// What a person keeps about a conversation, at the server, so that all their devices agree: tags and muting. Each shows at once
// on this device, and is taken back if the server refuses it.

import type { Account } from "./account";
import type { Content } from "./event";
import { MatrixError } from "./http";
import { levelOf, mutedRooms, overridesOf, pushRulesType, silencing, withLevel, withMuted, type Level } from "./pushrules";
import type { Room } from "./record";

export const favouriteTag = "m.favourite";

/** Stock clients move rooms with this tag out of the way; here they leave the list. */
export const archiveTag = "m.lowpriority";

/** Gives a room a tag, or takes it away (client-server API, "Room Tagging"). */
export async function setTag(account: Account, room: Room, tag: string, on: boolean): Promise<void> {
  const before = room.tags ?? [];
  const after = on ? [...new Set([...before, tag])] : before.filter((one) => one !== tag);
  const keep = (tags: string[]) => account.store.putData({ room_id: room.room_id, type: "m.tag", content: { tags: Object.fromEntries(tags.map((one) => [one, {}])) } });
  await keep(after);
  const path = `/_matrix/client/v3/user/${encodeURIComponent(account.userId)}/rooms/${encodeURIComponent(room.room_id)}/tags/${encodeURIComponent(tag)}`;
  try {
    await account.client.call(on ? "PUT" : "DELETE", path, on ? { body: {} } : {});
  } catch (error) {
    await keep(before);
    throw error;
  }
}

/** Mutes a room but for mentions, or lets it be heard again (client-server API, "Push Rules", room rules). */
export async function setMuted(account: Account, roomId: string, on: boolean): Promise<void> {
  const before = await account.store.data(pushRulesType);
  if (mutedRooms(before).has(roomId) === on) return;
  await keepRules(account, withMuted(before, roomId, on));
  try {
    if (on) await account.client.call("PUT", rule("room", roomId), { body: { actions: [] } });
    else await unmute(account, before, roomId);
  } catch (error) {
    await keepRules(account, before ?? {});
    throw error;
  }
}

/** Says of what somebody is told in a room. */
export async function setLevel(account: Account, roomId: string, level: Level): Promise<void> {
  const before = await account.store.data(pushRulesType);
  if (levelOf(before, roomId) === level) return;
  await keepRules(account, withLevel(before, roomId, level));
  try {
    // What disturbs less is set before what disturbs more is taken away: between the two nobody is rung up.
    if (level === "none") await account.client.call("PUT", rule("override", roomId), { body: silencing(roomId) });
    if (level === "mentions") await account.client.call("PUT", rule("room", roomId), { body: { actions: [] } });
    if (level !== "none") for (const id of overridesOf(before, roomId)) await removeRule(account, rule("override", id));
    if (level !== "mentions") await removeRule(account, rule("room", roomId));
  } catch (error) {
    await keepRules(account, before ?? {});
    throw error;
  }
}

async function keepRules(account: Account, content: Content): Promise<void> {
  await account.store.putData({ type: pushRulesType, content });
}

async function unmute(account: Account, rules: Content | undefined, roomId: string): Promise<void> {
  await removeRule(account, rule("room", roomId));
  for (const id of overridesOf(rules, roomId)) await removeRule(account, rule("override", id));
}

async function removeRule(account: Account, path: string): Promise<void> {
  try {
    await account.client.call("DELETE", path);
  } catch (error) {
    // Another device was quicker.
    if (!(error instanceof MatrixError) || error.status !== 404) throw error;
  }
}

function rule(kind: string, id: string): string {
  return `/_matrix/client/v3/pushrules/global/${kind}/${encodeURIComponent(id)}`;
}
