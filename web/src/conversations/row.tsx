// One row of the list: who or what, the last words, the time, and the marks.

import type { ComponentChildren } from "preact";
import { asKind } from "../group/kind";
import { words as group } from "../group/words";
import { Avatar } from "../look/avatar";
import { bodyWords } from "../look/body";
import { Icon } from "../look/icon";
import { bodyOf } from "../matrix/fold";
import { heroName, localpart, roomName, type Pending, type Room } from "../matrix/record";
import { recent } from "../words/times";
import { isFavourite } from "./arrange";
import type { Conversations } from "./model";
import { words } from "./words";

export interface RowProps {
  room: Room;
  conversations: Conversations;
  current: boolean;
  /** The one row that the Tab key reaches; arrow keys go to the others. */
  reached: boolean;
  href: string;
  onOpen: (event: MouseEvent) => void;
}

export function nameOf(room: Room): string {
  return roomName(room) ?? words.unnamed;
}

export function Row({ room, conversations, current, reached, href, onOpen }: RowProps) {
  const name = nameOf(room);
  const typing = conversations.typing.value.get(room.room_id) ?? [];
  const outgoing = conversations.outgoing.value.get(room.room_id);
  return (
    <a class={room.unread > 0 ? "row row-unread" : "row"} href={href} data-room={room.room_id} tabIndex={reached ? 0 : -1} aria-current={current ? "page" : undefined} aria-haspopup="menu" draggable={false} onClick={onOpen}>
      <Avatar id={room.direct ? (room.heroes[0]?.user_id ?? room.room_id) : room.room_id} name={name} group={!room.direct} />
      <span class="row-head">
        <span class="row-name">{name}</span>
        <KindTag kind={room.kind} />
        {room.preview && (
          <time class="row-time" dateTime={new Date(room.preview.event.origin_server_ts).toISOString()}>
            {recent(room.preview.event.origin_server_ts, Date.now())}
          </time>
        )}
      </span>
      <span class="row-foot">
        <span class={typing.length > 0 ? "row-last row-typing" : "row-last"}>{typing.length > 0 ? words.typing : lastLine(room, outgoing, conversations.me)}</span>
        <Marks room={room} muted={conversations.isMuted(room)} failed={outgoing?.state === "failed"} />
      </span>
    </a>
  );
}

/** What a group is for, by colour and by word; nothing for a kind that is not known. */
export function KindTag({ kind }: { kind: string | undefined }) {
  const known = asKind(kind);
  return known ? <span class={`tag row-kind tag-${known}`}>{group.kind[known]}</span> : null;
}

function Marks({ room, muted, failed }: { room: Room; muted: boolean; failed: boolean }) {
  return (
    <span class="row-marks">
      {room.membership === "invite" && <span class="tag">{words.invitation}</span>}
      {failed && <span class="tag tag-failed">{words.notSent}</span>}
      {muted && (
        <Sign said={words.muted}>
          <Icon name="bellOff" />
        </Sign>
      )}
      {isFavourite(room) && (
        <Sign said={words.favourite}>
          <Icon name="star" filled />
        </Sign>
      )}
      {room.highlights > 0 && (
        <span class="badge badge-mention">
          <Icon name="mention" />
          <span class="visually-hidden">{words.mentioned}</span>
        </span>
      )}
      {room.unread > 0 && (
        <span class="badge">
          <span aria-hidden="true">{words.badge(room.unread)}</span>
          <span class="visually-hidden">{words.unread(room.unread)}</span>
        </span>
      )}
    </span>
  );
}

function Sign({ said, children }: { said: string; children: ComponentChildren }) {
  return (
    <span class="row-sign" title={said}>
      {children}
      <span class="visually-hidden">{said}</span>
    </span>
  );
}

function lastLine(room: Room, outgoing: Pending | undefined, me: string): string {
  if (room.membership === "invite") return room.inviter ? words.invitedBy(heroName(room.inviter)) : "";
  if (outgoing) return words.said(words.you, bodyWords(bodyOf(outgoing)));
  if (!room.preview) return words.noMessages;
  const { event, senderName } = room.preview;
  const body = bodyWords(bodyOf(event));
  if (event.sender === me) return words.said(words.you, body);
  return room.direct ? body : words.said(senderName ?? localpart(event.sender), body);
}
