// Who is in a group, as what, with job and ward; and what may be done about it.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { choose } from "../people/choose";
import { PersonLine } from "../people/line";
import type { Person } from "../people/person";
import { ProfileSheet } from "../people/profile";
import { lookalikes } from "../people/similar";
import { tell } from "../look/announce";
import { Button } from "../look/button";
import { Dialog } from "../look/dialog";
import { Menu, type MenuItem } from "../look/menu";
import { Notice, Skeleton } from "../look/state";
import type { AboutProps } from "./about";
import { AddPeople } from "./add";
import type { Group, Participant } from "./model";
import { words } from "./words";

const say = words.about;

type Open = { what: "profile" | "owner" | "remove"; of: Participant } | { what: "add" } | undefined;

export function Members({ group, ...props }: AboutProps & { group: Group }) {
  const open = useSignal<Open>(undefined);
  const people = group.people.value;
  const joined = people.filter((one) => !one.invited).length;
  const close = () => (open.value = undefined);
  const state = group.state.value;
  return (
    <section class="members">
      <div class="members-head">
        <h2 class="screen-part">{state === "loaded" ? say.members(joined) : say.members(props.conversations.room(group.roomId)?.joined ?? 0)}</h2>
        {state === "loaded" && group.mayInvite && (
          <Button kind="secondary" small icon="plus" onClick={() => (open.value = { what: "add" })}>
            {say.add}
          </Button>
        )}
      </div>
      {state === "loading" && <Skeleton kind="list" label={say.loading} />}
      {state === "failed" && (
        <Notice kind="error">
          <p>{say.loadFailed}</p>
          <Button kind="quiet" onClick={() => void group.load()}>
            {say.again}
          </Button>
        </Notice>
      )}
      <SimilarNames people={people} />
      <ul class="people">
        {people.map((one) => (
          <Row key={one.user_id} one={one} group={group} onOpen={(opened) => (open.value = opened)} {...props} />
        ))}
      </ul>
      {open.value?.what === "add" && <AddPeople group={group} onClose={close} {...props} />}
      {open.value && open.value.what !== "add" && <About open={open.value} group={group} onClose={close} {...props} />}
    </section>
  );
}

function SimilarNames({ people }: { people: readonly Participant[] }) {
  const like = useMemo(() => lookalikes(people), [people]);
  if (like.size === 0) return null;
  const names = people.filter((one) => like.has(one.user_id)).map((one) => one.name);
  return (
    <Notice kind="warning" title={say.similarTitle}>
      <p>{say.similar(names)}</p>
    </Notice>
  );
}

function Row({ one, group, directory, conversations, go, onOpen }: AboutProps & { one: Participant; group: Group; onOpen: (open: Open) => void }) {
  const known = directory.person(one.user_id);
  const me = one.user_id === group.me;
  const person: Person = { ...known, user_id: one.user_id, name: me ? say.you(one.name) : one.name };
  const write = () => go(choose(conversations, known ?? person));
  return (
    <li class="member">
      <PersonLine person={person} />
      <span class="member-role">{one.invited ? say.invited : one.role !== "member" && <span class="tag">{say.role[one.role]}</span>}</span>
      {!me && <Menu label={words.member.menu(one.name)} items={itemsFor(one, group, onOpen, write)} />}
    </li>
  );
}

function itemsFor(one: Participant, group: Group, onOpen: (open: Open) => void, onWrite: () => void): MenuItem[] {
  const items: MenuItem[] = [
    { id: "profile", label: words.member.profile, icon: "person", onSelect: () => onOpen({ what: "profile", of: one }) },
    { id: "write", label: words.member.write, icon: "edit", onSelect: onWrite },
  ];
  const levels = group.may("m.room.power_levels");
  if (!one.invited && levels && one.role !== "owner") {
    const lead = one.role === "lead";
    const done = lead ? words.member.unleadDone(one.name) : words.member.leadDone(one.name);
    items.push({ id: "lead", label: lead ? words.member.unlead : words.member.lead, icon: "star", onSelect: () => attempt(group.setLead(one.user_id, !lead), done) });
  }
  if (!one.invited && one.role !== "owner" && group.may("org.wardline.owner")) {
    items.push({ id: "owner", label: words.member.owner, icon: "key", onSelect: () => onOpen({ what: "owner", of: one }) });
  }
  if (group.mayRemove(one.user_id)) {
    const uninvite = () => attempt(group.remove(one.user_id), words.member.uninvited(one.name));
    items.push({ id: "remove", label: one.invited ? words.member.uninvite : words.member.remove, icon: "close", danger: true, onSelect: one.invited ? uninvite : () => onOpen({ what: "remove", of: one }) });
  }
  return items;
}

function attempt(doing: Promise<void>, done: string): void {
  doing.then(
    () => tell(done),
    () => tell(words.failed),
  );
}

function About({ open, group, onClose, directory, conversations, onGo }: AboutProps & { open: { what: "profile" | "owner" | "remove"; of: Participant }; group: Group; onClose: () => void }) {
  const { what, of } = open;
  if (what === "profile") {
    const write = (person: Person, event: MouseEvent) => {
      onClose();
      onGo(event, choose(conversations, person));
    };
    return <ProfileSheet userId={of.user_id} name={of.name} directory={directory} among={group.people.value} onWrite={write} onClose={onClose} />;
  }
  const [title, hint, action] = what === "owner" ? [words.member.ownerTitle(of.name), words.member.ownerHint, words.member.owner.replace("…", "")] : [words.member.removeTitle(of.name), words.member.removeHint, words.member.removeDo];
  const doIt = () => {
    onClose();
    if (what === "owner") attempt(group.setOwner(of.user_id), words.member.ownerDone(of.name));
    else attempt(group.remove(of.user_id), words.member.removed(of.name));
  };
  const actions = (
    <>
      <Button kind={what === "owner" ? "primary" : "warning"} onClick={doIt}>
        {action}
      </Button>
      <Button kind="secondary" onClick={onClose}>
        {words.cancel}
      </Button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} actions={actions}>
      <p>{hint}</p>
    </Dialog>
  );
}
