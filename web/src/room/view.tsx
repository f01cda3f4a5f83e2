// One conversation: who it is with, its messages, and the place to write.

import "./style.css";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Gone } from "../composer/gone";
import { Composer } from "../composer/view";
import { KindTag } from "../conversations/row";
import { Invited } from "../group/invited";
import { Avatar } from "../look/avatar";
import { bodyWords } from "../look/body";
import { Icon } from "../look/icon";
import { bodyOf } from "../matrix/fold";
import { roomName, type Room } from "../matrix/record";
import type { Directory } from "../people/directory";
import { post } from "../people/person";
import { PinnedBar, RoomMenu, Sheets, ThreadHead, Trouble } from "./around";
import type { Conversation } from "./model";
import { Timeline } from "./timeline";
import { words } from "./words";

const say = words;

export interface RoomProps {
  conversation: Conversation;
  /** The message that the address names. */
  at?: string;
  /** Who is typing here; never this person. */
  typing: string[];
  /** Whether the list of conversations is known: one that is missing from it is then truly missing. */
  listed: boolean;
  /** On a touch screen the field does not take the focus by itself: that would raise a keyboard over what is to be read. */
  touch: boolean;
  onBack: (event: MouseEvent) => void;
  onDeclined: () => void;
  about: About;
}

/** Who is in it and what it is for: where that is shown, and what is known of people. */
export interface About {
  path: string;
  onGo: (event: MouseEvent, path: string) => void;
  directory: Directory;
}

export function RoomView({ conversation, at, typing, listed, touch, onBack, onDeclined, about }: RoomProps) {
  const room = conversation.room.value;
  const name = (room && roomName(room)) ?? say.unnamed;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    conversation.opened();
    return () => conversation.left();
  }, [conversation]);
  useEffect(() => {
    const composer = document.getElementById("composer");
    if (composer && !touch) composer.focus();
    else heading.current?.focus();
  }, [conversation, conversation.loaded.value, room?.membership]);
  useEffect(() => {
    if (at !== undefined && conversation.loaded.value) void conversation.jumpTo(at);
  }, [conversation, at, conversation.loaded.value]);
  if (conversation.loaded.value && listed && !room) return <NotHere onBack={onBack} />;
  return (
    <section class="room" aria-label={name}>
      <header class="room-head">
        <a class="back" href="/" onClick={onBack} aria-label={say.back}>
          <Icon name="back" />
        </a>
        <Avatar id={room?.direct ? (room.heroes[0]?.user_id ?? room.room_id) : conversation.roomId} name={name} group={!room?.direct} />
        <div class="room-title">
          <h1 ref={heading} tabIndex={-1}>
            <a href={about.path} title={say.about} onClick={(event) => about.onGo(event, about.path)}>
              {name}
            </a>
          </h1>
          {room && <Under room={room} directory={about.directory} />}
        </div>
        {room?.membership === "join" && <RoomMenu conversation={conversation} />}
      </header>
      <Body conversation={conversation} typing={typing} onDeclined={onDeclined} directory={about.directory} />
      <Announcer key={conversation.roomId} conversation={conversation} />
      <Sheets conversation={conversation} />
    </section>
  );
}

function Body({ conversation, typing, onDeclined, directory }: { conversation: Conversation; typing: string[]; onDeclined: () => void; directory: Directory }) {
  const membership = conversation.room.value?.membership;
  if (!conversation.loaded.value || !membership) return <p class="room-loading">{say.loading}</p>;
  const thread = conversation.thread.value;
  if (membership === "invite") return <Invitation conversation={conversation} onDeclined={onDeclined} directory={directory} />;
  return (
    <>
      {thread ? <ThreadHead key={thread.root} conversation={conversation} /> : <PinnedBar key={conversation.roomId} conversation={conversation} />}
      <Trouble conversation={conversation} />
      {thread ? (
        <Timeline key={thread.root} conversation={conversation} reading={thread} label={say.thread} beginning={say.threadStart} />
      ) : (
        <Timeline key={conversation.roomId} conversation={conversation} reading={conversation} label={say.messages} beginning={say.start} />
      )}
      <p class="typing" role="status">
        {typing.length > 0 && say.typing(typing.map((user) => conversation.nameOf(user)))}
      </p>
      {membership === "join" ? <Composer key={`${conversation.roomId} ${thread?.root ?? ""}`} conversation={conversation} /> : <Gone draft={conversation.draft} why={say.gone} />}
    </>
  );
}

/** Under the name: what a person does, or what a group is and how many are in it. */
function Under({ room, directory }: { room: Room; directory: Directory }) {
  const hero = room.direct ? room.heroes[0] : undefined;
  const known = hero && directory.person(hero.user_id);
  if (room.direct) return known && post(known) !== "" ? <p>{post(known)}</p> : null;
  return (
    <p>
      <KindTag kind={room.kind} /> {room.joined > 0 && say.members(room.joined)}
    </p>
  );
}

function NotHere({ onBack }: { onBack: (event: MouseEvent) => void }) {
  return (
    <section class="room room-empty">
      <h1>{say.notHere}</h1>
      <p>{say.notHereHint}</p>
      <a href="/" onClick={onBack}>
        {say.back}
      </a>
    </section>
  );
}

function Invitation({ conversation, onDeclined, directory }: { conversation: Conversation; onDeclined: () => void; directory: Directory }) {
  const room = conversation.room.value;
  const busy = conversation.answering.value === "busy";
  const decline = async () => {
    if (await conversation.decline()) onDeclined();
  };
  return (
    <div class="room-invitation">
      {room && <Invited room={room} directory={directory} />}
      <p>{words.invitation.hint}</p>
      {conversation.answering.value === "failed" && <p role="alert">{words.invitation.failed}</p>}
      <div class="dialog-actions">
        <button class="button" type="button" aria-disabled={busy} onClick={() => void conversation.accept()}>
          {words.invitation.accept}
        </button>
        <button class="button button-secondary" type="button" aria-disabled={busy} onClick={() => void decline()}>
          {words.invitation.decline}
        </button>
      </div>
    </div>
  );
}

/** Says each message that arrives while the conversation is open, for those who do not see it appear. */
function Announcer({ conversation }: { conversation: Conversation }) {
  const region = useRef<HTMLDivElement>(null);
  const said = useRef<string | undefined>(undefined);
  const latest = conversation.latestFromOthers.value;
  const loaded = conversation.loaded.value;
  useEffect(() => {
    if (!loaded || latest?.event_id === said.current) return;
    const first = said.current === undefined;
    said.current = latest?.event_id ?? "";
    if (first || !latest || !region.current) return;
    region.current.textContent = say.arrived(conversation.nameOf(latest.sender), bodyWords(bodyOf(latest)));
  }, [latest, loaded]);
  return <div class="visually-hidden" aria-live="polite" ref={region} />;
}
