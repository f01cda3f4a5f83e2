// Starting a conversation: whom to write to, and the first message to them.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { paths, pathTo } from "../app/route";
import type { Conversations } from "../conversations/model";
import { Button } from "../look/button";
import { Icon, type IconName } from "../look/icon";
import { Empty, Notice } from "../look/state";
import type { Account } from "../matrix/account";
import { heroName } from "../matrix/record";
import { choose } from "./choose";
import { Finder, type Directory } from "./directory";
import { FirstMessage, recipient } from "./first";
import { PersonLine } from "./line";
import type { Person } from "./person";
import { Profile } from "./profile";
import { Screen } from "./screen";
import { words } from "./words";

export interface PeopleProps {
  account: Account;
  directory: Directory;
  conversations: Conversations;
  /** Follows a link, unless it was pressed in a way that means another tab. */
  onGo: (event: MouseEvent, path: string) => void;
  /** Goes there, in the place of this screen. */
  go: (path: string) => void;
}

/** As many as one looks over before typing. */
const mostRecent = 8;

export function StartScreen(props: PeopleProps) {
  const { account, directory, conversations, onGo } = props;
  const say = words.start;
  const finder = useMemo(() => new Finder(directory, (id) => id === account.userId), [directory]);
  useEffect(() => () => finder.clear(), [finder]);
  const pick = (event: MouseEvent, person: Person) => onGo(event, choose(conversations, person));
  const typed = finder.term.value.trim() !== "";
  return (
    <Screen title={say.title} backPath={pathTo()} backLabel={say.back} onGo={onGo} focused>
      <FindField finder={finder} label={say.label} hint={say.hint} autofocus />
      {typed ? (
        <FoundPeople finder={finder} row={(person, among) => <PersonLink person={person} among={among} {...props} onPick={pick} />} />
      ) : (
        <>
          <nav class="ways" aria-label={say.title}>
            <Way icon="people" path={paths.newGroup} label={say.newGroup} hint={say.newGroupHint} onGo={onGo} />
            <Way icon="search" path={paths.groups} label={say.groups} hint={say.groupsHint} onGo={onGo} />
          </nav>
          <Recent {...props} onPick={pick} />
        </>
      )}
    </Screen>
  );
}

function Way({ icon, path, label, hint, onGo }: { icon: IconName; path: string; label: string; hint: string; onGo: PeopleProps["onGo"] }) {
  return (
    <a class="way" href={path} onClick={(event) => onGo(event, path)}>
      <Icon name={icon} />
      <span>
        <span class="way-name">{label}</span>
        <span class="way-hint">{hint}</span>
      </span>
    </a>
  );
}

function Recent(props: PeopleProps & { onPick: (event: MouseEvent, person: Person) => void }) {
  const rooms = props.conversations.list.value.filter((room) => room.direct && room.heroes.length === 1).slice(0, mostRecent);
  const people = rooms.flatMap((room) => room.heroes.map((hero) => props.directory.person(hero.user_id) ?? { user_id: hero.user_id, name: heroName(hero) }));
  if (people.length === 0) return null;
  return (
    <section>
      <h2 class="screen-part">{words.start.recent}</h2>
      <ul class="people">
        {people.map((person) => (
          <li key={person.user_id}>
            <PersonLink person={person} among={people} {...props} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function PersonLink({ person, among, conversations, onPick }: PeopleProps & { person: Person; among: readonly Person[]; onPick: (event: MouseEvent, person: Person) => void }) {
  const room = conversations.directWith(person.user_id);
  return (
    <a class="person-link" href={room ? pathTo(room.room_id) : paths.firstMessage} onClick={(event) => onPick(event, person)}>
      <PersonLine person={person} among={among} />
    </a>
  );
}

/** The field in which a colleague is looked for. */
export function FindField({ finder, label, hint, autofocus = false }: { finder: Finder; label: string; hint?: string; autofocus?: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (autofocus) field.current?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    document.querySelector<HTMLElement>(".people a, .people button")?.focus();
  };
  return (
    <div class="find">
      <label for="find">{label}</label>
      {hint && (
        <div class="hint" id="find-hint">
          {hint}
        </div>
      )}
      <input ref={field} id="find" class="input" type="search" autocomplete="off" spellcheck={false} maxLength={200} aria-describedby={hint && "find-hint"} value={finder.term.value} onInput={(event) => finder.typed(event.currentTarget.value)} onKeyDown={onKeyDown} />
    </div>
  );
}

/** Those found, or why there are none. */
export function FoundPeople({ finder, row }: { finder: Finder; row: (person: Person, among: readonly Person[]) => preact.ComponentChildren }) {
  const say = words.start;
  const people = finder.people.value;
  const state = finder.state.value;
  const count = state === "found" ? say.found(people.length) : "";
  return (
    <div aria-busy={state === "looking"}>
      <p class={people.length > 0 ? "find-count" : "visually-hidden"} role="status">
        {state === "looking" && people.length === 0 ? say.looking : count}
      </p>
      {state === "failed" ? (
        <Notice kind="error">
          <p>{say.failed}</p>
          <Button kind="quiet" onClick={() => finder.again()}>
            {say.again}
          </Button>
        </Notice>
      ) : (
        <ul class="people">
          {people.map((person) => (
            <li key={person.user_id}>{row(person, people)}</li>
          ))}
        </ul>
      )}
      {state === "found" && people.length === 0 && <Empty icon="search" title={say.none(finder.term.value.trim())} hint={say.noneHint} />}
      {state === "found" && finder.limited.value && <p class="find-count">{say.more}</p>}
    </div>
  );
}

export function FirstMessageScreen(props: PeopleProps) {
  const to = recipient.value;
  useEffect(() => {
    // A page loaded anew no longer knows whom it was for.
    if (!to) props.go(paths.start);
  }, [to]);
  return to ? <Writing key={to.user_id} to={to} {...props} /> : null;
}

function Writing({ to, account, directory, onGo, go }: PeopleProps & { to: Person }) {
  const say = words.first;
  const first = useMemo(() => new FirstMessage(account, to), [account, to]);
  const alike = useLookalikes(directory, to);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const send = async () => {
    const roomId = await first.send();
    if (roomId === undefined) return field.current?.focus();
    go(pathTo(roomId));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    void send();
  };
  const sending = first.sending.value;
  const problem = sending === "unreachable" || sending === "refused" || sending === "limited" ? say[sending] : undefined;
  return (
    <Screen title={to.name} backPath={paths.start} backLabel={words.start.back} onGo={onGo} focused>
      <Profile person={directory.person(to.user_id) ?? to} among={alike} />
      <form
        class="first"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p class="first-hint">{say.hint}</p>
        <label for="first">{say.label}</label>
        {problem && (
          <p class="field-error" id="first-error" role="alert">
            {problem}
          </p>
        )}
        <textarea ref={field} id="first" class="input" rows={3} maxLength={15_000} dir="auto" aria-describedby={problem && "first-error"} value={first.text.value} onInput={(event) => (first.text.value = event.currentTarget.value)} onKeyDown={onKeyDown} />
        <Button type="submit" busy={sending === "busy"} disabled={first.text.value.trim() === ""} icon="send">
          {say.send}
        </Button>
      </form>
    </Screen>
  );
}

/** Whom they might be taken for. That nobody could be looked up warns of nobody: the name, the job and the ward still stand there. */
function useLookalikes(directory: Directory, person: Person): readonly Person[] {
  const found = useSignal<readonly Person[]>([]);
  useEffect(() => {
    directory.similarTo(person).then(
      (similar) => (found.value = similar),
      () => (found.value = []),
    );
  }, [directory, person]);
  return found.value;
}
