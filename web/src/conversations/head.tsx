// Above the list: the search, the way to a new conversation, and what the list is narrowed to. While something is searched for,
// what is found stands in the list's place.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { later } from "../look/later";
import { filters, narrowed, type Filter } from "./arrange";
import type { Conversations } from "./model";
import type { ListProps } from "./view";
import { words } from "./words";

const say = words;

/** The search itself comes when it is first used. */
const Results = later(() => import("../search/view").then((its) => its.SearchResults));

export function Head(props: ListProps & { children: ComponentChildren }) {
  const { conversations, newPath, onGo, children } = props;
  const term = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  const clear = () => {
    term.value = "";
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && term.value !== "") {
      event.preventDefault();
      clear();
    }
    // What is found first is a key away.
    if (event.key === "ArrowDown") document.querySelector<HTMLElement>(".pane-list .found-link, .pane-list .row[tabindex='0']")?.focus();
  };
  return (
    <>
      <div class="list-tools">
        <div class="search-field" role="search">
          <Icon name="search" />
          <input ref={field} id="search" type="search" autocomplete="off" spellcheck={false} maxLength={200} aria-label={say.search.label} placeholder={say.search.placeholder} value={term.value} onInput={(event) => (term.value = event.currentTarget.value)} onKeyDown={onKeyDown} />
          {term.value !== "" && <IconButton icon="close" label={say.search.clear} onClick={clear} />}
        </div>
        <a class="icon-button new-link" href={newPath} aria-label={say.start} title={say.start} onClick={(event) => onGo(event, newPath)}>
          <Icon name="plus" />
        </a>
      </div>
      {term.value.trim() === "" ? (
        <>
          <Filters conversations={conversations} />
          {children}
        </>
      ) : (
        <Results {...props} term={term.value} />
      )}
    </>
  );
}

function Filters({ conversations }: { conversations: Conversations }) {
  if (conversations.archiveOpen.value) return null;
  const unread = narrowed(conversations.arranged.value.all, "unread").length;
  const current = conversations.filter.value;
  const label: Record<Filter, string> = { all: say.filter.all, unread: say.filter.unread, people: say.filter.people, teams: say.filter.teams };
  return (
    <div class="filters" role="group" aria-label={say.filter.label}>
      {filters.map((filter) => (
        <button key={filter} type="button" class="chip" aria-pressed={filter === current} onClick={() => (conversations.filter.value = filter)}>
          {label[filter]}
          {filter === "unread" && unread > 0 && (
            <>
              <span class="chip-count" aria-hidden="true">
                {say.badge(unread)}
              </span>
              <span class="visually-hidden">{say.filter.unreadCount(unread)}</span>
            </>
          )}
        </button>
      ))}
    </div>
  );
}

