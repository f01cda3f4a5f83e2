// The people offered for a name that begins with @. The field keeps the focus; the arrow keys choose, Enter takes.

import { useEffect } from "preact/hooks";
import { announce } from "../look/announce";
import { Avatar } from "../look/avatar";
import type { Candidate } from "./mention";
import type { Composer } from "./model";
import { words } from "./words";

export const namesId = "composer-names";
export const nameId = (at: number) => `${namesId}-${at}`;

export function Names({ model, onName }: { model: Composer; onName: (person: Candidate) => void }) {
  const names = model.offered.value;
  const first = names[0]?.name;
  useEffect(() => {
    if (first !== undefined) announce(words.namesFound(names.length, first));
  }, [names.length, first]);
  if (names.length === 0) return null;
  const take = (event: Event, person: Candidate) => {
    // The field does not lose the focus, and its keyboard stays up.
    event.preventDefault();
    onName(person);
  };
  return (
    <ul class="composer-names" id={namesId} role="listbox" aria-label={words.names}>
      {names.map((person, at) => (
        <li key={person.user_id} id={nameId(at)} role="option" aria-selected={at === model.chosen.value} onPointerDown={(event) => take(event, person)}>
          <Avatar id={person.user_id} name={person.name} group={false} />
          <span class="composer-name">{person.name}</span>
          <span class="composer-account">{person.user_id}</span>
        </li>
      ))}
    </ul>
  );
}
