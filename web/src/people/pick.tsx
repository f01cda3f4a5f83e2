// Choosing several people: those found can be added, those added be taken out again; each with job, ward and the warning about
// similar names, also against those chosen already.

import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { announce } from "../look/announce";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { Finder, type Directory } from "./directory";
import { PersonLine } from "./line";
import type { Person } from "./person";
import { FindField, FoundPeople } from "./view";
import { words } from "./words";

export interface PickProps {
  directory: Directory;
  label: string;
  hint?: string;
  /** Those chosen, in the order of choosing. */
  chosen: Signal<readonly Person[]>;
  /** Who cannot be chosen: oneself, those who are in it already. */
  without: (userId: string) => boolean;
}

export function PickPeople({ directory, label, hint, chosen, without }: PickProps) {
  const say = words.pick;
  const round = useSignal(0);
  const finder = useMemo(() => new Finder(directory, (id) => without(id) || chosen.peek().some((one) => one.user_id === id)), [directory, round.value]);
  useEffect(() => () => finder.clear(), [finder]);
  const add = (person: Person) => {
    chosen.value = [...chosen.value, person];
    announce(say.added(person.name));
    // The next name is typed into an empty field.
    round.value++;
    requestAnimationFrame(() => document.getElementById("find")?.focus());
  };
  const drop = (person: Person) => {
    chosen.value = chosen.value.filter((one) => one.user_id !== person.user_id);
    announce(say.removed(person.name));
    document.getElementById("find")?.focus();
  };
  return (
    <div class="pick">
      <FindField finder={finder} label={label} hint={hint} />
      {finder.term.value.trim() !== "" && (
        <FoundPeople
          finder={finder}
          row={(person, among) => (
            <button type="button" class="person-link" onClick={() => add(person)}>
              <PersonLine person={person} among={[...among, ...chosen.value]} />
              <span class="pick-add">
                <Icon name="plus" />
                <span class="visually-hidden">{say.add(person.name)}</span>
              </span>
            </button>
          )}
        />
      )}
      {chosen.value.length > 0 && (
        <ul class="people chosen" aria-label={say.chosen}>
          {chosen.value.map((person) => (
            <li key={person.user_id} class="chosen-person">
              <PersonLine person={person} among={chosen.value} />
              <IconButton icon="close" label={say.remove(person.name)} onClick={() => drop(person)} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
