// Choosing somebody to write to: their conversation if there is one, else the place for a first message.

import { paths, pathTo } from "../app/route";
import type { Conversations } from "../conversations/model";
import { recipient } from "./first";
import type { Person } from "./person";

/** The address to go to. */
export function choose(conversations: Conversations, person: Person): string {
  const room = conversations.directWith(person.user_id);
  if (room) return pathTo(room.room_id);
  recipient.value = person;
  return paths.firstMessage;
}
