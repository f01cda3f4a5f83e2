// The steps from the server to the person, each with what it came to.

import { useComputed } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Button } from "../look/button";
import { Icon, type IconName } from "../look/icon";
import { Notice } from "../look/state";
import type { Account } from "../matrix/account";
import { onTidings } from "../worker/page";
import { Checkup, type Step } from "./checkup";
import { isQuiet } from "./hours";
import type { Notifications } from "./model";
import { useHours } from "./quiet";
import { ring, soundOn } from "./sound";
import { words } from "./words";

const around = {
  onPush: (listener: Parameters<Checkup["around"]["onPush"]>[0]) => onTidings((tidings) => tidings.kind === "pushed" && listener(tidings.letter)),
  sounds: () => soundOn.peek(),
  ring,
  now: () => performance.now(),
};

export function CheckupSection({ notifications, account }: { notifications: Notifications; account: Account }) {
  const checkup = useMemo(() => new Checkup(notifications, around), [notifications]);
  const steps = checkup.steps.value;
  const begun = steps.some((step) => step.state !== "waiting");
  const running = checkup.running.value;
  return (
    <section aria-labelledby="notify-check">
      <h2 id="notify-check">{words.check.title}</h2>
      <p class="hint">{words.check.hint}</p>
      {begun && (
        <ol class="check-steps" aria-busy={running}>
          {steps.map((step) => (
            <StepRow key={step.name} step={step} answer={(yes) => (step.name === "seen" || step.name === "heard") && checkup.answer(step.name, yes)} />
          ))}
        </ol>
      )}
      <Verdict checkup={checkup} />
      {begun && <QuietNow account={account} />}
      <Button kind="secondary" small busy={running} onClick={() => void checkup.run()}>
        {running ? words.check.running : begun ? words.check.again : words.check.start}
      </Button>
    </section>
  );
}

/** What it all came to; spoken when it is known. */
function Verdict({ checkup }: { checkup: Checkup }) {
  const verdict = useComputed(() => {
    const steps = checkup.steps.value;
    if (steps.some((step) => step.state === "bad")) return "bad";
    return steps.every((step) => step.state === "good") ? "good" : undefined;
  }).value;
  if (!verdict) return null;
  return (
    <Notice kind={verdict === "good" ? "success" : "warning"}>
      <p class="notice-title">{words.check[verdict]}</p>
    </Notice>
  );
}

/** Everything may work, and still nothing rings until the morning. */
function QuietNow({ account }: { account: Account }) {
  const hours = useHours(account).value;
  if (!isQuiet(hours, Date.now())) return null;
  return (
    <Notice kind="warning">
      <p>{words.check.quietNow(hours.to)}</p>
    </Notice>
  );
}

const signs: Record<Step["state"], IconName> = { waiting: "more", running: "clock", good: "check", bad: "warning", asked: "info" };

function StepRow({ step, answer }: { step: Step; answer: (yes: boolean) => void }) {
  const asked = step.state === "asked";
  const row = useRef<HTMLLIElement>(null);
  const was = useRef(step.state);
  useEffect(() => {
    // The buttons that had the focus are gone: it stays where they were.
    if (was.current === "asked" && !asked && document.activeElement === document.body) row.current?.focus();
    was.current = step.state;
  }, [step.state]);
  return (
    <li class={`check-step check-${step.state}`} ref={row} tabIndex={-1}>
      <Icon name={signs[step.state]} />
      <div>
        <p class="check-name">
          {words.check.step[step.name]}
          {!asked && <span class="visually-hidden">{`: ${words.check.state[step.state]}`}</span>}
        </p>
        {step.ms !== undefined && <p class="hint">{words.check.took((step.ms / 1000).toFixed(1))}</p>}
        {step.why && <p>{words.why[step.why]}</p>}
        {step.why === "notSeen" && <p>{words.keptBack[system()]}</p>}
        {asked && (
          <div class="check-answers">
            <Button kind="secondary" small onClick={() => answer(true)}>
              {words.check.yes}
            </Button>
            <Button kind="secondary" small onClick={() => answer(false)}>
              {words.check.no}
            </Button>
          </div>
        )}
      </div>
    </li>
  );
}

/** Where this device keeps its "do not disturb". */
function system(): keyof typeof words.keptBack {
  const agent = navigator.userAgent;
  if (/Android/.test(agent)) return "android";
  if (/iPhone|iPad|iPod/.test(agent)) return "apple";
  if (/Macintosh/.test(agent)) return navigator.maxTouchPoints > 1 ? "apple" : "mac";
  return /Windows/.test(agent) ? "windows" : "other";
}
