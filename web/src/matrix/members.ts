// Who is in a conversation: asked of the server in full, because sync tells only of those who have spoken.

import type { Account } from "./account";
import { isObject, text } from "./event";
import { localpart } from "./record";

/** A member and the name they go by. */
export interface Named {
  user_id: string;
  name: string;
}

/** GET /joined_members (client-server API, section 10.4); without an answer, the members this device knows of. */
export async function members(account: Account, roomId: string): Promise<Named[]> {
  try {
    const answer = await account.client.call("GET", `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/joined_members`);
    return Object.entries(isObject(answer.joined) ? answer.joined : {}).map(([user_id, profile]) => named(user_id, isObject(profile) ? text(profile.display_name) : undefined));
  } catch {
    const known = await account.store.conversation(roomId).catch(() => undefined);
    return (known?.members ?? []).filter((one) => one.membership === "join").map((one) => named(one.user_id, one.name));
  }
}

function named(user_id: string, name: string | undefined): Named {
  return { user_id, name: name?.trim() || localpart(user_id) };
}
