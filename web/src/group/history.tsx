// Who joined, left, was invited and was removed, and by whom: the latest first.

import { useSignal } from "@preact/signals";
import { Button } from "../look/button";
import { localpart } from "../matrix/record";
import { inFull, list } from "../words/times";
import { gathered, type Group, type Passing } from "./model";
import { words } from "./words";

const say = words.history;

export function History({ group }: { group: Group }) {
  const shown = useSignal(false);
  const past = group.past.value;
  const show = () => {
    shown.value = true;
    void group.showHistory();
  };
  return (
    <section class="history">
      <h2 class="screen-part">{say.title}</h2>
      {!shown.value && (
        <Button kind="secondary" small icon="clock" onClick={show}>
          {say.show}
        </Button>
      )}
      <ol>
        {gathered(group.history.value).map((passed) => (
          <li key={passed.event_id}>
            <span>{told(group, passed)}</span>
            {passed.reason && <span class="history-why">{say.why(passed.reason)}</span>}
            <time dateTime={new Date(passed.at).toISOString()}>{inFull(passed.at)}</time>
          </li>
        ))}
      </ol>
      {past === "failed" && <p role="alert">{say.failed}</p>}
      {shown.value && past !== "start" && (
        <Button kind="secondary" small busy={past === "loading"} onClick={() => void group.showHistory()}>
          {say.more}
        </Button>
      )}
      {past === "start" && <p class="screen-hint">{say.start}</p>}
    </section>
  );
}

function told(group: Group, passed: Passing): string {
  const name = (userId: string) => group.nameOf(userId) ?? localpart(userId);
  return say[passed.what](list(passed.whom.map(name)), name(passed.by ?? passed.who));
}
