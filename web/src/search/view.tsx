// What a search finds: conversations by their names, at once; colleagues, and what was said, as the server answers.

import "./style.css";
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { bodyWords } from "../look/body";
import { Avatar } from "../look/avatar";
import { Button } from "../look/button";
import { Empty } from "../look/state";
import { paths } from "../app/route";
import { nameOf, KindTag } from "../conversations/row";
import type { ListProps } from "../conversations/view";
import { bodyOf } from "../matrix/fold";
import { heroName, localpart, type Room } from "../matrix/record";
import { Finder } from "../people/directory";
import { choose } from "../people/choose";
import { PersonLine } from "../people/line";
import type { Person } from "../people/person";
import { recent } from "../words/times";
import { MessageSearch, type Hit } from "./model";
import { excerpt, findByName, highlighted, plainWords } from "./names";
import { words } from "./words";

/** Conversations shown; whoever wants others types another letter. */
const mostRooms = 12;

/** Colleagues shown until more are asked for, so that the messages are not far below. */
const firstPeople = 4;

export interface SearchProps extends ListProps {
  term: string;
}

export function SearchResults(props: SearchProps) {
  const { term, conversations, account, directory, onGo } = props;
  const messages = useMemo(() => new MessageSearch(account.client), [account]);
  const finder = useMemo(() => new Finder(directory, (id) => id === account.userId || conversations.directWith(id) !== undefined), [directory]);
  const all = useSignal(false);
  useEffect(() => {
    all.value = false;
    messages.typed(term);
    finder.typed(term);
  }, [term]);
  useEffect(
    () => () => {
      messages.stop();
      finder.clear();
    },
    [],
  );
  const rooms = useComputed(() => conversations.list.value.map((room) => ({ room, words: roomWords(room) }))).value;
  const found = useMemo(() => findByName(rooms, term, (one) => one.words).slice(0, mostRooms), [rooms, term]);
  const people = finder.people.value;
  const settled = messages.state.value !== "looking" && finder.state.value !== "looking";
  const nothing = settled && found.length + people.length + messages.hits.value.length === 0 && messages.state.value !== "failed";
  const pick = (person: Person, event: MouseEvent) => {
    const path = choose(conversations, person);
    onGo(event, path);
  };
  return (
    <div class="found" aria-busy={!settled}>
      <p class="visually-hidden" role="status">
        {settled && words.found(found.length, people.length, messages.count.value)}
      </p>
      <Section title={words.conversations} shown={found.length > 0}>
        {found.map(({ room }) => (
          <FoundRoom key={room.room_id} room={room} {...props} />
        ))}
      </Section>
      <Section title={words.people} shown={people.length > 0}>
        {people.slice(0, all.value ? people.length : firstPeople).map((person) => (
          <li key={person.user_id}>
            <a class="found-link" href={paths.firstMessage} onClick={(event) => pick(person, event)}>
              <PersonLine person={person} among={people} />
            </a>
          </li>
        ))}
        {people.length > firstPeople && !all.value && (
          <li class="found-next">
            <Button kind="quiet" onClick={() => (all.value = true)}>
              {words.allPeople(people.length)}
            </Button>
          </li>
        )}
      </Section>
      <Messages search={messages} {...props} />
      {nothing && <Empty icon="search" title={words.nothing(term.trim())} hint={words.nothingHint} />}
    </div>
  );
}

function roomWords(room: Room): string[] {
  return plainWords([room.name ?? "", ...room.heroes.map(heroName)].join(" "));
}

function Section({ title, shown, children }: { title: string; shown: boolean; children: preact.ComponentChildren }) {
  if (!shown) return null;
  return (
    <section class="found-part" aria-label={title}>
      <h2>{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

function FoundRoom({ room, current, pathTo, onOpen }: SearchProps & { room: Room }) {
  const name = nameOf(room);
  return (
    <li>
      <a class="found-link" href={pathTo(room.room_id)} aria-current={room.room_id === current ? "page" : undefined} onClick={(event) => onOpen(room.room_id, event)}>
        <Avatar id={room.direct ? (room.heroes[0]?.user_id ?? room.room_id) : room.room_id} name={name} group={!room.direct} />
        <span class="found-text">
          <span class="found-name">{name}</span>
          {room.purpose && <span class="found-more">{room.purpose}</span>}
        </span>
        <KindTag kind={room.kind} />
      </a>
    </li>
  );
}

function Messages({ search, ...props }: SearchProps & { search: MessageSearch }) {
  const state = search.state.value;
  const hits = search.hits.value;
  if (state === "idle") return null;
  const failed = state === "failed" || state === "limited";
  return (
    <section class="found-part" aria-label={words.messages} aria-busy={state === "looking"}>
      {(hits.length > 0 || state !== "found") && <h2>{words.messages}</h2>}
      {state === "looking" && hits.length === 0 && <p class="found-wait">{words.looking}</p>}
      <ul>
        {hits.map((hit) => (
          <FoundMessage key={hit.event.event_id} hit={hit} marked={search.words.value} {...props} />
        ))}
      </ul>
      {failed && (
        <p class="found-wait" role="alert">
          {state === "limited" ? words.limited : words.failed}
        </p>
      )}
      {(search.hasMore.value || failed) && (
        <div class="found-next">
          <Button kind="secondary" small busy={state === "more" || state === "looking"} onClick={() => void search.more()}>
            {failed ? words.again : words.more}
          </Button>
        </div>
      )}
    </section>
  );
}

function FoundMessage({ hit, marked, conversations, pathTo, onOpen }: SearchProps & { hit: Hit; marked: readonly string[] }) {
  const room = conversations.room(hit.room_id);
  const sender = hit.event.sender === conversations.me ? words.you : (hit.senderName ?? localpart(hit.event.sender));
  const parts = highlighted(excerpt(bodyWords(bodyOf(hit.event)), marked), marked);
  return (
    <li>
      <a class="found-link found-message" href={pathTo(hit.room_id, hit.event.event_id)} onClick={(event) => onOpen(hit.room_id, event, hit.event.event_id)}>
        <span class="found-text">
          <span class="found-where">
            <span class="found-name">{room ? nameOf(room) : words.elsewhere}</span>
            <time dateTime={new Date(hit.event.origin_server_ts).toISOString()}>{recent(hit.event.origin_server_ts, Date.now())}</time>
          </span>
          <span class="found-said">
            {words.said(sender)} {parts.map((part, at) => (at % 2 === 1 ? <mark key={at}>{part}</mark> : part))}
          </span>
        </span>
      </a>
    </li>
  );
}
