// What can be done with a conversation from its row: by a long press, the right button, the menu key, or the button that shows
// when the row is pointed at.

import { useRef } from "preact/hooks";
import { tell } from "../look/announce";
import { MenuList, type MenuItem, type Place } from "../look/menu";
import type { Room } from "../matrix/record";
import { isArchived, isFavourite } from "./arrange";
import type { Conversations } from "./model";
import { nameOf } from "./row";
import { words } from "./words";

const say = words.menu;

/** An open menu: for which conversation, and where. */
export interface OpenMenu {
  room: Room;
  place: Place;
  opener?: HTMLElement;
}

export interface RowMenuProps {
  menu: OpenMenu;
  conversations: Conversations;
  onLeave: (room: Room) => void;
  onClose: () => void;
}

export function RowMenu({ menu, conversations, onLeave, onClose }: RowMenuProps) {
  // As it is now: sync may have changed it since the menu opened.
  const room = conversations.room(menu.room.room_id) ?? menu.room;
  return <MenuList label={say.label(nameOf(room))} place={menu.place} items={itemsFor(room, conversations, onLeave)} opener={menu.opener} onClose={onClose} />;
}

function itemsFor(room: Room, conversations: Conversations, onLeave: (room: Room) => void): MenuItem[] {
  const leave: MenuItem = { id: "leave", label: room.membership === "invite" ? say.decline : say.leave, icon: "close", danger: true, onSelect: () => onLeave(room) };
  if (room.membership !== "join") return [leave];
  const [favourite, muted, archived] = [isFavourite(room), conversations.isMuted(room), isArchived(room)];
  const name = nameOf(room);
  return [
    { id: "favourite", label: favourite ? say.unfavour : say.favour, icon: "star", onSelect: () => attempt(conversations.favour(room, !favourite), favourite ? say.unfavoured(name) : say.favoured(name)) },
    { id: "mute", label: muted ? say.unmute : say.mute, icon: muted ? "bell" : "bellOff", onSelect: () => attempt(conversations.mute(room, !muted), muted ? say.unmuted(name) : say.muted(name)) },
    {
      id: "archive",
      label: archived ? say.unarchive : say.archive,
      icon: "archive",
      onSelect: () => attempt(conversations.archive(room, !archived), archived ? say.unarchived(name) : say.archived(name), archived ? undefined : () => attempt(conversations.archive({ ...room, tags: [] }, false), say.unarchived(name))),
    },
    leave,
  ];
}

/** Says what was done, with the way back if there is one, or that it could not be done. */
export function attempt(doing: Promise<void>, done: string, undo?: () => void): void {
  doing.then(
    () => tell(done, undo && { label: say.undo, onSelect: undo }),
    () => tell(say.failed),
  );
}

/** How long a finger rests before it means the menu, in milliseconds. */
const pressMs = 500;

/** How far it may tremble meanwhile, in pixels. */
const tremble = 10;

/** Handlers for an element with rows in it: they find the row, and ask for its menu. */
export function useRowMenu(open: (row: HTMLElement, place: Place) => void) {
  const press = useRef({ timer: 0, x: 0, y: 0, fired: false });
  const rowOf = (event: Event) => (event.target as HTMLElement).closest<HTMLElement>("[data-room]");
  const stop = () => clearTimeout(press.current.timer);
  return {
    onContextMenu: (event: MouseEvent) => {
      const row = rowOf(event);
      if (!row) return;
      event.preventDefault();
      stop();
      if (!press.current.fired) open(row, placeOf(event, row));
    },
    onPointerDown: (event: PointerEvent) => {
      stop();
      press.current.fired = false;
      const row = rowOf(event);
      if (!row || event.pointerType !== "touch") return;
      const fire = () => {
        press.current.fired = true;
        open(row, at(event.clientX, event.clientY));
      };
      press.current = { timer: window.setTimeout(fire, pressMs), x: event.clientX, y: event.clientY, fired: false };
    },
    onPointerMove: (event: PointerEvent) => {
      if (Math.hypot(event.clientX - press.current.x, event.clientY - press.current.y) > tremble) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    // The finger that asked for the menu does not also open the conversation.
    onClickCapture: (event: MouseEvent) => {
      if (!press.current.fired) return;
      press.current.fired = false;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}

function at(x: number, y: number): Place {
  return { left: x, right: x, top: y, bottom: y };
}

/** Where the pointer is; for the menu key, the row itself. */
function placeOf(event: MouseEvent, row: HTMLElement): Place {
  if (event.clientX !== 0 || event.clientY !== 0) return at(event.clientX, event.clientY);
  return row.getBoundingClientRect();
}
