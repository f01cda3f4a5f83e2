// The groups that anyone here may join, with what they are for.

import "./style.css";
import { useEffect, useMemo } from "preact/hooks";
import { paths, pathTo } from "../app/route";
import { tell } from "../look/announce";
import { Avatar } from "../look/avatar";
import { Button } from "../look/button";
import { Empty, Notice, Skeleton } from "../look/state";
import { KindTag } from "../conversations/row";
import { Screen } from "../people/screen";
import type { PeopleProps } from "../people/view";
import { OpenGroups } from "./open";
import type { OpenGroup } from "./requests";
import { words } from "./words";

const say = words.directory;

export function DirectoryScreen(props: PeopleProps) {
  const { account, onGo } = props;
  const open = useMemo(() => new OpenGroups(account), [account]);
  useEffect(() => () => open.stop(), [open]);
  const groups = open.groups.value;
  const state = open.state.value;
  const term = open.term.value.trim();
  return (
    <Screen title={say.title} backPath={paths.start} backLabel={words.back} onGo={onGo}>
      <p class="screen-hint">{say.hint}</p>
      <div class="find">
        <label for="find-group">{say.label}</label>
        <input id="find-group" class="input" type="search" autocomplete="off" maxLength={200} value={open.term.value} onInput={(event) => open.typed(event.currentTarget.value)} />
      </div>
      <p class="visually-hidden" role="status">
        {state === "loaded" && say.found(groups.length)}
      </p>
      {state === "loading" && groups.length === 0 && <Skeleton kind="list" label={say.loading} />}
      {state === "failed" && (
        <Notice kind="error">
          <p>{say.failed}</p>
          <Button kind="quiet" onClick={() => void open.load()}>
            {words.about.again}
          </Button>
        </Notice>
      )}
      <ul class="people">
        {groups.map((group) => (
          <Offered key={group.room_id} group={group} open={open} {...props} />
        ))}
      </ul>
      {state === "loaded" && groups.length === 0 && <Empty icon="people" title={term === "" ? say.none : say.noneFor(term)} hint={say.noneHint} />}
      {open.hasMore.value && (
        <Button kind="secondary" small busy={state === "loading"} onClick={() => void open.load(true)}>
          {say.more}
        </Button>
      )}
    </Screen>
  );
}

function Offered({ group, open, conversations, onGo, go }: PeopleProps & { group: OpenGroup; open: OpenGroups }) {
  const mine = conversations.room(group.room_id)?.membership === "join";
  const name = group.name || group.room_id;
  const join = async () => {
    if (await open.join(group)) go(pathTo(group.room_id));
    else tell(words.failed);
  };
  return (
    <li class="offered">
      <Avatar id={group.room_id} name={name} group />
      <div class="offered-text">
        <p class="offered-name">
          {name} <KindTag kind={group.kind} />
        </p>
        {group.purpose && <p>{group.purpose}</p>}
        <p class="offered-count">{words.about.members(group.members)}</p>
      </div>
      {mine ? (
        <a class="offered-link" href={pathTo(group.room_id)} onClick={(event) => onGo(event, pathTo(group.room_id))}>
          {say.open}
          <span class="visually-hidden"> {name}</span>
        </a>
      ) : (
        <Button kind="secondary" small busy={open.joining.value === group.room_id} onClick={() => void join()}>
          <span aria-hidden="true">{say.joinShort}</span>
          <span class="visually-hidden">{say.join(name)}</span>
        </Button>
      )}
    </li>
  );
}
