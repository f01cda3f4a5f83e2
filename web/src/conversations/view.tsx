// The list of conversations. Only the rows in sight are in the page, however long the list is.

import "./style.css";
import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Dialog } from "../look/dialog";
import { Button, IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { Empty, Skeleton } from "../look/state";
import type { Account } from "../matrix/account";
import type { Room } from "../matrix/record";
import type { Directory } from "../people/directory";
import { isArchived, type Filter } from "./arrange";
import { Head } from "./head";
import { attempt, RowMenu, useRowMenu, type OpenMenu } from "./menu";
import type { Conversations } from "./model";
import { nameOf, Row } from "./row";
import { words } from "./words";

export { nameOf } from "./row";

const say = words;

/** Rows kept ready above and below those in sight. */
const spare = 6;

export interface ListProps {
  account: Account;
  directory: Directory;
  conversations: Conversations;
  current: string | undefined;
  pathTo: (roomId: string, eventId?: string) => string;
  onOpen: (roomId: string, event: MouseEvent, eventId?: string) => void;
  /** Where a new conversation begins, and what a press on that link does. */
  newPath: string;
  onGo: (event: MouseEvent, path: string) => void;
}

export function ConversationList(props: ListProps) {
  const { conversations, current } = props;
  useEffect(() => void (conversations.front.value = current), [conversations, current]);
  return (
    <Head {...props}>
      <Listed {...props} />
    </Head>
  );
}

function Listed(props: ListProps) {
  const { conversations, current } = props;
  const rooms = conversations.shown.value;
  const menu = useSignal<OpenMenu | undefined>(undefined);
  const leaving = useSignal<Room | undefined>(undefined);
  // Having left the narrowed list, the focus goes on in the list rather than nowhere.
  const close = () => (menu.value = undefined);
  return (
    <>
      <ArchiveEntry conversations={conversations} />
      {rooms.length === 0 ? <EmptyList conversations={conversations} /> : <Window {...props} rooms={rooms} onMenu={(opened) => (menu.value = opened)} />}
      {menu.value && <RowMenu key={menu.value.room.room_id} menu={menu.value} conversations={conversations} onLeave={(room) => (leaving.value = room)} onClose={close} />}
      {leaving.value && <Leaving room={leaving.value} conversations={conversations} current={current} onClose={() => (leaving.value = undefined)} />}
    </>
  );
}

function Window({ conversations, current, pathTo, onOpen, rooms, onMenu }: ListProps & { rooms: Room[]; onMenu: (menu: OpenMenu) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const sight = useSight(box);
  const reached = useSignal<string | undefined>(undefined);
  const first = Math.max(0, Math.floor(sight.value.top / sight.value.row) - spare);
  const last = Math.min(rooms.length, Math.ceil((sight.value.top + sight.value.height) / sight.value.row) + spare);
  const visible = rooms.slice(first, last);
  const tabStop = [reached.value, current].find((id) => visible.some((room) => room.room_id === id)) ?? visible.find((_, at) => (first + at + 1) * sight.value.row > sight.value.top)?.room_id;
  const openMenu = (row: HTMLElement, place: OpenMenu["place"], opener?: HTMLElement) => {
    const room = rooms.find((one) => one.room_id === row.dataset.room);
    if (room) onMenu({ room, place, opener });
  };
  const handlers = useRowMenu(openMenu);
  const onFocusIn = (event: FocusEvent) => (reached.value = (event.target as HTMLElement).closest<HTMLElement>(".list-row")?.dataset.row ?? reached.value);
  return (
    <div class="list-scroll" ref={box} onScroll={() => measure(box.current, sight)}>
      <ul class="list" {...handlers} onFocusIn={onFocusIn} onKeyDown={(event) => moveFocus(event, box.current, rooms, sight.value.row)} style={{ height: `${rooms.length * sight.value.row}px` }}>
        {visible.map((room, at) => (
          <li key={room.room_id} class="list-row" data-row={room.room_id} aria-posinset={first + at + 1} aria-setsize={rooms.length} style={{ transform: `translateY(${(first + at) * sight.value.row}px)` }}>
            <Row room={room} conversations={conversations} current={room.room_id === current} reached={room.room_id === tabStop} href={pathTo(room.room_id)} onOpen={(event) => onOpen(room.room_id, event)} />
            <MoreButton room={room} reached={room.room_id === tabStop} onMenu={openMenu} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Shown while its row is pointed at or has the focus. */
function MoreButton({ room, reached, onMenu }: { room: Room; reached: boolean; onMenu: (row: HTMLElement, place: OpenMenu["place"], opener: HTMLElement) => void }) {
  const press = (event: MouseEvent) => {
    const button = event.currentTarget as HTMLElement;
    const row = button.closest("li")?.querySelector<HTMLElement>("[data-room]");
    if (row) onMenu(row, button.getBoundingClientRect(), button);
  };
  return (
    <button type="button" class="icon-button row-more" tabIndex={reached ? 0 : -1} aria-label={say.menu.label(nameOf(room))} aria-haspopup="menu" onClick={press}>
      <Icon name="more" />
    </button>
  );
}

/** The way to what is archived, while there is some; and back. */
function ArchiveEntry({ conversations }: { conversations: Conversations }) {
  const count = conversations.arranged.value.archived.length;
  const open = conversations.archiveOpen.value;
  const show = (shown: boolean) => {
    conversations.archiveOpen.value = shown;
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".archive-entry button")?.focus());
  };
  if (open) {
    return (
      <div class="archive-entry">
        <IconButton icon="back" label={say.archive.back} onClick={() => show(false)} />
        <h2>{say.archive.title}</h2>
      </div>
    );
  }
  if (count === 0 || conversations.filter.value !== "all") return null;
  return (
    <div class="archive-entry">
      <button type="button" class="archive-link" onClick={() => show(true)}>
        <Icon name="archive" />
        <span>{say.archive.title}</span>
        <span class="archive-count">{count}</span>
      </button>
    </div>
  );
}

const nothing: Record<Filter, { title: () => string; hint: () => string }> = {
  all: { title: () => say.none, hint: () => say.noneHint },
  unread: { title: () => say.noneUnread, hint: () => say.noneUnreadHint },
  people: { title: () => say.nonePeople, hint: () => say.nonePeopleHint },
  teams: { title: () => say.noneTeams, hint: () => say.noneTeamsHint },
};

function EmptyList({ conversations }: { conversations: Conversations }) {
  if (!conversations.loaded.value) return <Skeleton kind="list" label={say.loading} />;
  if (conversations.archiveOpen.value) return <Empty icon="archive" title={say.archive.none} hint={say.archive.noneHint} />;
  const { title, hint } = nothing[conversations.filter.value];
  return <Empty title={title()} hint={hint()} />;
}

function Leaving({ room, conversations, current, onClose }: { room: Room; conversations: Conversations; current: string | undefined; onClose: () => void }) {
  const name = nameOf(room);
  const invited = room.membership === "invite";
  const leave = () => {
    onClose();
    attempt(conversations.leave(room), invited ? say.leaving.declined(name) : say.leaving.left(name));
    if (room.room_id !== current) document.querySelector<HTMLElement>(".row[tabindex='0']")?.focus();
  };
  const actions = (
    <>
      <Button kind="warning" onClick={leave}>
        {invited ? say.menu.decline : say.leaving.action}
      </Button>
      <Button kind="secondary" onClick={onClose}>
        {say.leaving.stay}
      </Button>
    </>
  );
  return (
    <Dialog title={invited ? say.leaving.declineTitle(name) : say.leaving.title(name)} onClose={onClose} actions={actions}>
      <p>{invited ? say.leaving.declineHint : isArchived(room) ? say.leaving.hint : `${say.leaving.hint} ${say.leaving.rather}`}</p>
    </Dialog>
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
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => measure(element, sight));
    watcher.observe(element);
    measure(element, sight);
    return () => watcher.disconnect();
  }, []);
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
