// Of what a person is told in each conversation: their push rules, in three words.

import { useSignal } from "@preact/signals";
import { useEffect, useId, useMemo } from "preact/hooks";
import { Conversations } from "../conversations/model";
import { words as list } from "../conversations/words";
import { Field } from "../look/form";
import { Notice } from "../look/state";
import type { Account } from "../matrix/account";
import type { Content } from "../matrix/event";
import { setLevel } from "../matrix/keep";
import { levelOf, pushRulesType, type Level } from "../matrix/pushrules";
import { roomName, type Room } from "../matrix/record";
import { words } from "./words";

const levels = ["all", "mentions", "none"] as const satisfies readonly Level[];

/** As many as can be taken in; for more, one types. */
const shownMost = 8;

function label(level: Level): string {
  return { all: words.level.all, mentions: words.level.mentions, none: words.level.nothing }[level];
}

/** The person's push rules, as they change. */
function useRules(account: Account) {
  const rules = useSignal<Content | undefined>(undefined);
  useEffect(() => {
    const unlisten = account.store.changes.listen((change) => {
      const data = change.data?.find((one) => one.type === pushRulesType);
      if (data) rules.value = data.content;
    });
    void account.store.data(pushRulesType).then((content) => (rules.value = content));
    return unlisten;
  }, [account]);
  return rules;
}

function Failed() {
  return (
    <Notice kind="error">
      <p>{words.level.failed}</p>
    </Notice>
  );
}

function nameOf(room: Room): string {
  return roomName(room) ?? list.unnamed;
}

/** All conversations: those with a setting of their own, or those whose name one types. */
export function LevelSection({ account }: { account: Account }) {
  const conversations = useMemo(() => new Conversations(account), [account]);
  useEffect(() => () => conversations.close(), [conversations]);
  const rules = useRules(account);
  const typed = useSignal("");
  const failed = useSignal(false);
  const touched = useSignal<ReadonlySet<string>>(new Set());
  const wanted = plain(typed.value);
  const own = (room: Room) => levelOf(rules.value, room.room_id) !== "all" || touched.value.has(room.room_id);
  const found = conversations.list.value.filter((room) => room.membership === "join" && (wanted ? plain(nameOf(room)).includes(wanted) : own(room)));
  const choose = (roomId: string, level: Level) => {
    // What was changed here stays in sight, also when it is as all the others again.
    touched.value = new Set([...touched.value, roomId]);
    void setLevel(account, roomId, level).then(() => (failed.value = false), () => (failed.value = true));
  };
  return (
    <section aria-labelledby="notify-levels">
      <h2 id="notify-levels">{words.level.title}</h2>
      <p class="hint">{words.level.hint}</p>
      <Field name="notify-find" label={words.level.find}>
        {(props) => <input {...props} class="input" type="search" autocomplete="off" value={typed.value} onInput={(event) => (typed.value = event.currentTarget.value)} />}
      </Field>
      {failed.value && <Failed />}
      <ul class="level-list">
        {found.slice(0, shownMost).map((room) => (
          <LevelRow key={room.room_id} name={nameOf(room)} level={levelOf(rules.value, room.room_id)} onChange={(level) => choose(room.room_id, level)} />
        ))}
      </ul>
      <p class="hint" role="status">
        {found.length > shownMost ? words.level.more(found.length - shownMost) : found.length > 0 ? "" : wanted ? words.level.noMatch : words.level.none}
      </p>
    </section>
  );
}

function LevelRow({ name, level, onChange }: { name: string; level: Level; onChange: (level: Level) => void }) {
  const id = useId();
  return (
    <li class="level-row">
      <label for={id}>
        <span aria-hidden="true">{name}</span>
        <span class="visually-hidden">{words.level.label(name)}</span>
      </label>
      <select id={id} class="input level-select" value={level} onChange={(event) => onChange(levels.find((one) => one === event.currentTarget.value) ?? "all")}>
        {levels.map((one) => (
          <option key={one} value={one}>
            {label(one)}
          </option>
        ))}
      </select>
    </li>
  );
}

/** Names are found without their accents and whatever their case. */
function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase().trim();
}
