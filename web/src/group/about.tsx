// What is to be known of a conversation: with whom it is or what it is for, who answers for it, who is in it and who was, and what
// one keeps about it in one's own list.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { pathTo } from "../app/route";
import { isArchived, isFavourite } from "../conversations/arrange";
import type { Conversations } from "../conversations/model";
import { KindTag, nameOf } from "../conversations/row";
import { tell } from "../look/announce";
import { Button } from "../look/button";
import { Toggle } from "../look/choice";
import { Dialog } from "../look/dialog";
import { heroName, type Room } from "../matrix/record";
import { Profile } from "../people/profile";
import { Screen } from "../people/screen";
import type { PeopleProps } from "../people/view";
import { EditGroup } from "./edit";
import { History } from "./history";
import { asKind } from "./kind";
import { Members } from "./members";
import { Group } from "./model";
import { words } from "./words";

const say = words.about;

export interface AboutProps extends PeopleProps {
  roomId: string;
}

export function AboutScreen(props: AboutProps) {
  const { roomId, account, conversations, onGo } = props;
  const group = useMemo(() => new Group(account, roomId), [account, roomId]);
  useEffect(() => () => group.close(), [group]);
  const room = conversations.room(roomId) ?? group.room.value;
  if (!room) return null;
  const name = nameOf(room);
  return (
    <Screen title={name} under={<p>{room.direct ? say.person : say.group}</p>} backPath={pathTo(roomId)} backLabel={say.messages} onGo={onGo}>
      {room.direct ? <OnePerson room={room} {...props} /> : <GroupFacts room={room} group={group} {...props} />}
      <Keeping room={room} conversations={conversations} />
      <History group={group} />
      {!room.direct && <Leave room={room} group={group} {...props} />}
    </Screen>
  );
}

function OnePerson({ room, directory }: AboutProps & { room: Room }) {
  const hero = room.heroes[0];
  if (!hero) return null;
  const person = directory.person(hero.user_id) ?? { user_id: hero.user_id, name: heroName(hero) };
  return <Profile person={person} />;
}

function GroupFacts({ room, group, ...props }: AboutProps & { room: Room; group: Group }) {
  const editing = useSignal(false);
  const kind = asKind(room.kind);
  const owner = group.people.value.find((one) => one.role === "owner" && !one.invited);
  const loaded = group.state.value === "loaded";
  return (
    <>
      <dl class="facts">
        <div>
          <dt>{say.purpose}</dt>
          <dd dir="auto">{room.purpose || say.noPurpose}</dd>
        </div>
        {kind && (
          <div>
            <dt>{say.kind}</dt>
            <dd>
              <KindTag kind={kind} /> {words.kindHint[kind]}
            </dd>
          </div>
        )}
        <div>
          <dt>{say.owner}</dt>
          <dd>{loaded && (owner?.name ?? say.noOwner)}</dd>
        </div>
      </dl>
      {loaded && group.rights.value.open && <p class="screen-hint">{say.open}</p>}
      {loaded && group.may("m.room.name") && group.may("m.room.topic") && (
        <Button kind="secondary" small icon="edit" onClick={() => (editing.value = true)}>
          {say.edit}
        </Button>
      )}
      {editing.value && <EditGroup room={room} group={group} onClose={() => (editing.value = false)} />}
      <Members group={group} {...props} />
    </>
  );
}

/** What only concerns this person's own list. Each takes effect at once, and goes back if the server refuses. */
function Keeping({ room, conversations }: { room: Room; conversations: Conversations }) {
  const attempt = (doing: Promise<void>) => void doing.catch(() => tell(words.failed));
  return (
    <section class="keeping">
      <h2 class="screen-part">{say.notices}</h2>
      <Toggle label={say.favourite} hint={say.favouriteHint} checked={isFavourite(room)} onChange={(on) => attempt(conversations.favour(room, on))} />
      <Toggle label={say.mute} hint={say.muteHint} checked={conversations.isMuted(room)} onChange={(on) => attempt(conversations.mute(room, on))} />
      <Toggle label={say.archive} hint={say.archiveHint} checked={isArchived(room)} onChange={(on) => attempt(conversations.archive(room, on))} />
    </section>
  );
}

function Leave({ room, group, go }: AboutProps & { room: Room; group: Group }) {
  const asking = useSignal(false);
  const name = nameOf(room);
  const mine = group.people.value.find((one) => one.user_id === group.me)?.role === "owner";
  const alone = group.people.value.filter((one) => !one.invited).length <= 1;
  const leave = async () => {
    asking.value = false;
    try {
      await group.leave();
      tell(say.left(name));
      go(pathTo());
    } catch {
      tell(words.failed);
    }
  };
  const actions = (
    <>
      <Button kind="warning" onClick={() => void leave()}>
        {words.leave.action}
      </Button>
      <Button kind="secondary" onClick={() => (asking.value = false)}>
        {words.leave.stay}
      </Button>
    </>
  );
  return (
    <div class="leave">
      <Button kind="quiet" onClick={() => (asking.value = true)}>
        {say.leave}
      </Button>
      {asking.value && (
        <Dialog title={words.leave.title(name)} onClose={() => (asking.value = false)} actions={actions}>
          <p>{mine && !alone ? `${words.leave.owner} ${words.leave.hint}` : words.leave.hint}</p>
        </Dialog>
      )}
    </div>
  );
}
