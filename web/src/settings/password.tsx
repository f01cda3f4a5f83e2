// Changing the password.

import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { tell } from "../look/announce";
import { Button } from "../look/button";
import { Toggle } from "../look/choice";
import { ErrorSummary, PasswordField } from "../look/form";
import { worded } from "../words/catalogue";
import { changePassword, type PasswordField as FieldName, type PasswordProblem } from "./model";
import type { PageProps } from "./pages";
import { words } from "./words";

const say = words.password;

export function PasswordPage({ account }: PageProps) {
  const [old, fresh, again] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  const others = useSignal(true);
  const busy = useSignal(false);
  const found = useSignal<PasswordProblem[]>([]);
  const problems = useMemo(() => found.value.map(({ field, code }) => ({ field, text: worded(words.problem, code) })), [found.value]);
  const of = (field: FieldName) => problems.find((one) => one.field === field)?.text;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    const [typed, next, repeated] = [old, fresh, again].map((input) => input.current?.value ?? "");
    found.value = await changePassword(account, { old: typed ?? "", new: next ?? "", again: repeated ?? "", others: others.value });
    busy.value = false;
    if (found.value.length > 0) return;
    (event.target as HTMLFormElement).reset();
    tell(say.changed);
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate aria-busy={busy.value}>
      <ErrorSummary problems={problems} />
      {/* For password managers: whose password it is. */}
      <input class="visually-hidden" type="text" name="username" autocomplete="username" value={account.userId} readOnly tabIndex={-1} aria-hidden="true" />
      <PasswordField name="old-password" label={say.old} input={old} autocomplete="current-password" problem={of("old-password")} />
      <PasswordField name="new-password" label={say.new} hint={say.newHint} input={fresh} autocomplete="new-password" problem={of("new-password")} />
      <PasswordField name="again-password" label={say.again} input={again} autocomplete="new-password" problem={of("again-password")} />
      <Toggle label={say.others} hint={say.othersHint} checked={others.value} onChange={(checked) => (others.value = checked)} />
      <div class="settings-actions">
        <Button type="submit" busy={busy.value}>
          {say.change}
        </Button>
      </div>
    </form>
  );
}
