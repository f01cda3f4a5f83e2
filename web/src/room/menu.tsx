// What can be done with one message.

import { announce, tell } from "../look/announce";
import { MenuList, type MenuItem, type Place } from "../look/menu";
import type { Message } from "../matrix/fold";
import { quick } from "./acts";
import type { Conversation } from "./model";
import { words as say } from "./words";

export function MessageMenu({ conversation, message, place, onClose }: { conversation: Conversation; message: Message; place: Place; onClose: () => void }) {
  const joined = conversation.room.value?.membership === "join";
  const given = new Set(message.reactions.filter((one) => one.own !== undefined).map((one) => one.key));
  const signs = quick.map((sign) => ({ sign, label: say.reactWith(sign), checked: given.has(sign), onSelect: () => conversation.acts.react(message, sign) }));
  const living = message.body.kind !== "deleted" && message.event_id !== undefined;
  return <MenuList label={say.actions} place={place} items={itemsFor(conversation, message, joined)} quick={joined && living ? signs : []} onClose={onClose} />;
}

function itemsFor(conversation: Conversation, message: Message, joined: boolean): MenuItem[] {
  const { acts, sheet } = conversation;
  const { body } = message;
  const id = message.event_id;
  const deleted = body.kind === "deleted";
  const text = "text" in body ? body.text : "name" in body ? body.caption : undefined;
  const items: (MenuItem | false | undefined)[] = [
    !deleted && joined && { id: "reply", icon: "reply", label: say.reply, onSelect: () => conversation.reply(message) },
    !deleted && joined && { id: "react", icon: "smile", label: say.react, onSelect: () => (sheet.value = { kind: "react", message }) },
    joined && id !== undefined && !conversation.thread.value && { id: "thread", icon: "thread", label: say.openThread, onSelect: () => conversation.openThread(id) },
    !deleted && joined && message.mine && "text" in body && { id: "edit", icon: "edit", label: say.edit, onSelect: () => conversation.edit(message) },
    text !== undefined && { id: "copy", icon: "copy", label: say.copy, onSelect: () => void copy(text) },
    id !== undefined && !deleted && { id: "star", icon: "star", label: acts.starred.value.has(id) ? say.unstar : say.star, onSelect: () => void done(acts.star(id)) },
    id !== undefined && !deleted && acts.mayPin.value && { id: "pin", icon: "pin", label: acts.pinned.value.includes(id) ? say.unpin : say.pin, onSelect: () => void done(acts.pin(id)) },
    id !== undefined && { id: "info", icon: "info", label: say.info, onSelect: () => (sheet.value = { kind: "info", message }) },
    joined && acts.mayDelete(message) && { id: "delete", icon: "trash", label: say.delete, danger: true, onSelect: () => (sheet.value = { kind: "delete", message }) },
  ];
  return items.filter((one): one is MenuItem => one !== false && one !== undefined);
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce(say.copied);
  } catch {
    tell(say.notCopied);
  }
}

async function done(act: Promise<void>): Promise<void> {
  await act.catch(() => tell(say.notDone));
}
