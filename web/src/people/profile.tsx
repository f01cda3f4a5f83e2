// Who somebody is, before one writes to them: name, job and ward as the trust has them, and whom they might be taken for.

import { Avatar } from "../look/avatar";
import { Icon } from "../look/icon";
import { Sheet } from "../look/dialog";
import { Button } from "../look/button";
import type { Directory } from "./directory";
import { Similar } from "./line";
import { post, type Person } from "./person";
import { similarTo } from "./similar";
import { words } from "./words";

const say = words.person;

export interface ProfileProps {
  person: Person;
  /** People among whom a similar name is to be warned of. */
  among?: readonly Person[];
}

/** The whole of it, where there is room: at the head of a new conversation, in the sheet. */
export function Profile({ person, among = [] }: ProfileProps) {
  const like = similarTo(person, among);
  const known = post(person) !== "";
  return (
    <div class="profile">
      <Avatar id={person.user_id} name={person.name} />
      <p class="profile-name">{person.name}</p>
      <dl class="facts">
        <Fact name={say.job} value={person.job ?? say.notRecorded} />
        <Fact name={say.ward} value={person.ward ?? say.notRecorded} />
        <Fact name={say.account} value={person.user_id.replace(/^@/, "").split(":", 1)[0] ?? ""} />
      </dl>
      <p class="profile-source">
        <Icon name={known ? "shield" : "info"} />
        <span>{known ? say.verified : say.unverified}</span>
      </p>
      {like.length > 0 && <Similar like={like} />}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export interface ProfileSheetProps {
  userId: string;
  name: string;
  directory: Directory;
  among?: readonly Person[];
  /** Absent for oneself. */
  onWrite?: (person: Person, event: MouseEvent) => void;
  onClose: () => void;
}

/** The profile over the page. */
export function ProfileSheet({ userId, name, directory, among, onWrite, onClose }: ProfileSheetProps) {
  const person = directory.person(userId) ?? { user_id: userId, name };
  const actions = onWrite && <Button onClick={(event) => onWrite(person, event)}>{say.write}</Button>;
  return (
    <Sheet title={say.title} onClose={onClose} actions={actions}>
      <Profile person={person} among={among} />
    </Sheet>
  );
}
