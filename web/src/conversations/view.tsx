// The list of conversations. Only the rows in sight are in the page, however long the list is.

import "./style.css";
import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Avatar } from "../look/avatar";
import { bodyWords } from "../look/body";
import { bodyOf } from "../matrix/fold";
import { heroName, localpart, roomName, type Pending, type Room } from "../matrix/record";
import { recent } from "../words/times";
import type { Conversations } from "./model";
import { words } from "./words";

const say = words;

/** Rows kept ready above and below those in sight. */
const spare = 6;

export interface ListProps {
  conversations: Conversations;
  me: string;
  current: string | undefined;
  pathTo: (roomId: string) => string;
  onOpen: (roomId: string, event: MouseEvent) => void;
}

export function nameOf(room: Room): string {
  return roomName(room) ?? say.unnamed;
}

export function ConversationList(props: ListProps) {
  const rooms = props.conversations.list.value;
  const box = useRef<HTMLDivElement>(null);
  const sight = useSight(box);
  const first = Math.max(0, Math.floor(sight.value.top / sight.value.row) - spare);
  const last = Math.min(rooms.length, Math.ceil((sight.value.top + sight.value.height) / sight.value.row) + spare);
  const onKeyDown = (event: KeyboardEvent) => moveFocus(event, box.current, rooms, sight.value.row);
  if (rooms.length === 0) return <EmptyList loaded={props.conversations.loaded.value} />;
  return (
    <div class="list-scroll" ref={box} onScroll={() => measure(box.current, sight)}>
      <ul class="list" onKeyDown={onKeyDown} style={{ height: `${rooms.length * sight.value.row}px` }}>
        {rooms.slice(first, last).map((room, at) => (
          <li key={room.room_id} class="list-row" aria-posinset={first + at + 1} aria-setsize={rooms.length} style={{ transform: `translateY(${(first + at) * sight.value.row}px)` }}>
            <Row room={room} {...props} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function EmptyList({ loaded }: { loaded: boolean }) {
  if (!loaded) return <p class="list-empty">{say.loading}</p>;
  return (
    <div class="list-empty">
      <h2>{say.none}</h2>
      <p>{say.noneHint}</p>
    </div>
  );
}

interface Sight {
  top: number;
  height: number;
  row: number;
}

/** What part of the list is in sight; rows grow with the reader's text size. */
function useSight(box: RefObject<HTMLDivElement | null>) {
  const sight = useSignal<Sight>({ top: 0, height: 800, row: 72 });
  const present = box.current !== null;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => measure(element, sight));
    watcher.observe(element);
    measure(element, sight);
    return () => watcher.disconnect();
  }, [present]);
  return sight;
}

function measure(element: HTMLElement | null, sight: { value: Sight }): void {
  if (!element) return;
  const row = 4.5 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const next = { top: element.scrollTop, height: element.clientHeight, row };
  const old = sight.value;
  if (next.top !== old.top || next.height !== old.height || next.row !== old.row) sight.value = next;
}

/** Arrow keys, Home and End move through the whole list, whether a row is in the page yet or not. */
function moveFocus(event: KeyboardEvent, box: HTMLElement | null, rooms: Room[], row: number): void {
  const id = (event.target as HTMLElement).closest<HTMLElement>("[data-room]")?.dataset.room;
  const at = rooms.findIndex((room) => room.room_id === id);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rooms.length - 1 }[event.key];
  const room = to === undefined ? undefined : rooms[to];
  if (!box || at < 0 || to === undefined || !room) return;
  event.preventDefault();
  box.scrollTop = Math.min(Math.max(box.scrollTop, (to + 1) * row - box.clientHeight), to * row);
  requestAnimationFrame(() => focusRow(room.room_id));
}

/** Puts the focus on a conversation's row, if it is in the page. */
export function focusRow(roomId: string): boolean {
  const row = document.querySelector<HTMLElement>(`[data-room="${CSS.escape(roomId)}"]`);
  row?.focus();
  return row !== null;
}

function Row({ room, conversations, me, current, pathTo, onOpen }: ListProps & { room: Room }) {
  const name = nameOf(room);
  const typing = conversations.typing.value.get(room.room_id) ?? [];
  const outgoing = conversations.outgoing.value.get(room.room_id);
  const now = Date.now();
  return (
    <a class={room.unread > 0 ? "row row-unread" : "row"} href={pathTo(room.room_id)} data-room={room.room_id} aria-current={room.room_id === current ? "page" : undefined} onClick={(event) => onOpen(room.room_id, event)}>
      <Avatar id={room.direct ? (room.heroes[0]?.user_id ?? room.room_id) : room.room_id} name={name} group={!room.direct} />
      <span class="row-name">{name}</span>
      {room.preview && (
        <time class="row-time" dateTime={new Date(room.preview.event.origin_server_ts).toISOString()}>
          {recent(room.preview.event.origin_server_ts, now)}
        </time>
      )}
      <span class={typing.length > 0 ? "row-last row-typing" : "row-last"}>{typing.length > 0 ? say.typing : lastLine(room, outgoing, me)}</span>
      <Marks room={room} failed={outgoing?.state === "failed"} />
    </a>
  );
}

function Marks({ room, failed }: { room: Room; failed: boolean }) {
  return (
    <span class="row-marks">
      {room.membership === "invite" && <span class="tag">{say.invitation}</span>}
      {failed && <span class="tag tag-failed">{say.notSent}</span>}
      {room.unread > 0 && (
        <span class="badge">
          <span aria-hidden="true">{say.badge(room.unread)}</span>
          <span class="visually-hidden">{say.unread(room.unread)}</span>
        </span>
      )}
    </span>
  );
}

function lastLine(room: Room, outgoing: Pending | undefined, me: string): string {
  if (room.membership === "invite") return room.inviter ? say.invitedBy(heroName(room.inviter)) : "";
  if (outgoing) return say.said(say.you, bodyWords(bodyOf(outgoing)));
  if (!room.preview) return say.noMessages;
  const { event, senderName } = room.preview;
  const body = bodyWords(bodyOf(event));
  if (event.sender === me) return say.said(say.you, body);
  return room.direct ? body : say.said(senderName ?? localpart(event.sender), body);
}
