// Quiet hours: kept with the account, so that they hold on all devices and the server goes by them.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { announce } from "../look/announce";
import { Toggle } from "../look/choice";
import { Field } from "../look/form";
import { Notice } from "../look/state";
import type { Account } from "../matrix/account";
import { words as general } from "../words/words";
import { days, hoursType, readHours, writeHours, type Day, type Hours } from "./hours";
import { words } from "./words";

const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The week as it is written here: Monday first. */
const week = [1, 2, 3, 4, 5, 6, 0];

export function QuietSection({ account }: { account: Account }) {
  const hours = useHours(account);
  const failed = useSignal(false);
  const current = hours.value;
  const save = async (change: Partial<Hours>) => {
    const before = hours.value;
    hours.value = { ...before, ...change, zone: zone() };
    // Two equal times would be a whole day, which nobody means: it is said, and kept only here.
    if (hours.value.from === hours.value.to) return;
    failed.value = !(await keep(account, hours.value));
    if (failed.value) hours.value = before;
    else announce(words.quiet.saved);
  };
  const same = current.from === current.to ? words.quiet.same : undefined;
  return (
    <section aria-labelledby="notify-quiet">
      <h2 id="notify-quiet">{words.quiet.title}</h2>
      <Toggle label={words.quiet.label} hint={words.quiet.hint} checked={current.enabled} onChange={(enabled) => void save({ enabled })} />
      {current.enabled && (
        <>
          <div class="quiet-times">
            <Time name="quiet-from" label={words.quiet.from} value={current.from} onChange={(from) => void save({ from })} />
            <Time name="quiet-to" label={words.quiet.to} value={current.to} problem={same} onChange={(to) => void save({ to })} />
          </div>
          <p class="hint">{words.quiet.zone(current.zone.replaceAll("_", " "))}</p>
          <Days chosen={current.days} onChange={(chosen) => void save({ days: chosen })} />
        </>
      )}
      {failed.value && (
        <Notice kind="error">
          <p>{words.quiet.failed}</p>
        </Notice>
      )}
    </section>
  );
}

/** The hours as they are kept, also when another device changes them. */
export function useHours(account: Account) {
  const hours = useSignal<Hours>(readHours(undefined, zone()));
  useEffect(() => {
    const unlisten = account.store.changes.listen((change) => {
      const data = change.data?.find((one) => one.type === hoursType);
      if (data) hours.value = readHours(data.content, zone());
    });
    void account.store.data(hoursType).then((content) => (hours.value = readHours(content, zone())));
    return unlisten;
  }, [account]);
  return hours;
}

async function keep(account: Account, hours: Hours): Promise<boolean> {
  const content = writeHours(hours);
  try {
    await account.client.call("PUT", `/_matrix/client/v3/user/${encodeURIComponent(account.userId)}/account_data/${hoursType}`, { body: content });
    await account.store.putData({ type: hoursType, content });
    return true;
  } catch {
    return false;
  }
}

interface TimeProps {
  name: string;
  label: string;
  value: string;
  problem?: string;
  onChange: (value: string) => void;
}

function Time({ name, label, value, problem, onChange }: TimeProps) {
  return (
    <Field name={name} label={label} problem={problem}>
      {(props) => <input {...props} class="input quiet-time" type="time" required value={value} onChange={(event) => event.currentTarget.value && onChange(event.currentTarget.value.slice(0, 5))} />}
    </Field>
  );
}

function Days({ chosen, onChange }: { chosen: Day[]; onChange: (chosen: Day[]) => void }) {
  const toggled = (day: Day, on: boolean) => onChange(days.filter((one) => (one === day ? on : chosen.includes(one))));
  return (
    <fieldset class="choices" aria-describedby="quiet-days-hint">
      <legend>{words.quiet.days}</legend>
      <p class="hint" id="quiet-days-hint">
        {words.quiet.daysHint}
      </p>
      <div class="quiet-days">
        {week.map((index) => {
          const day = days[index] ?? "sun";
          return (
            <label key={day} class="quiet-day">
              <input type="checkbox" checked={chosen.includes(day)} onChange={(event) => toggled(day, event.currentTarget.checked)} />
              {general.weekday(index)}
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
