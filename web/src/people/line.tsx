// Somebody in a list, with what tells them from others: job and ward, and a warning where a name is easily taken for theirs.

import { Avatar } from "../look/avatar";
import { Icon } from "../look/icon";
import { post, type Person } from "./person";
import { similarTo } from "./similar";
import { words } from "./words";

const say = words.person;

export interface PersonLineProps {
  person: Person;
  /** Those they might be taken for. */
  among?: readonly Person[];
}

export function PersonLine({ person, among = [] }: PersonLineProps) {
  const like = similarTo(person, among);
  return (
    <span class="person">
      <Avatar id={person.user_id} name={person.name} />
      <span class="person-text">
        <span class="person-name">{person.name}</span>
        <span class="person-post">{post(person) || say.noPost}</span>
        {like.length > 0 && <Similar like={like} />}
      </span>
    </span>
  );
}

/** Who else has such a name, and what they do. */
export function Similar({ like }: { like: readonly Person[] }) {
  return (
    <span class="similar">
      <Icon name="warning" />
      <span>{say.similar(like.map((one) => say.namedAs(one.name, post(one))))}</span>
    </span>
  );
}
