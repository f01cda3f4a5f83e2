// Making a group: what it is called, what it is for, of what kind it is, and who is asked to join.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { paths, pathTo } from "../app/route";
import { Button } from "../look/button";
import { Choices, Toggle } from "../look/choice";
import { ErrorSummary, Field, type Problem } from "../look/form";
import { Notice } from "../look/state";
import { PickPeople } from "../people/pick";
import { Screen } from "../people/screen";
import type { PeopleProps } from "../people/view";
import { kinds } from "./kind";
import { NewGroup, type Missing } from "./new";
import { longestName, longestPurpose } from "./requests";
import { words } from "./words";

const say = words.create;

const texts: Record<Missing, () => string> = { name: () => say.noName, purpose: () => say.noPurpose, kind: () => say.noKind };

export function NewGroupScreen({ account, directory, onGo, go }: PeopleProps) {
  const group = useMemo(() => new NewGroup(account), [account]);
  const wrong = useSignal<readonly Problem[]>([]);
  const submit = async (event: Event) => {
    event.preventDefault();
    wrong.value = group.missing().map((field) => ({ field: `group-${field}`, text: texts[field]() }));
    if (wrong.value.length > 0) return;
    const roomId = await group.create();
    if (roomId !== undefined) go(pathTo(roomId));
  };
  const problem = (field: string) => wrong.value.find((one) => one.field === field)?.text;
  return (
    <Screen title={say.title} backPath={paths.start} backLabel={words.back} onGo={onGo}>
      <form class="form" onSubmit={(event) => void submit(event)} noValidate>
        <ErrorSummary problems={wrong.value} />
        {group.state.value === "failed" && <Notice kind="error">{words.failed}</Notice>}
        <Field name="group-name" label={say.name} hint={say.nameHint} problem={problem("group-name")}>
          {(props) => <input {...props} class="input" maxLength={longestName} autocomplete="off" dir="auto" value={group.name.value} onInput={(event) => (group.name.value = event.currentTarget.value)} />}
        </Field>
        <Field name="group-purpose" label={say.purpose} hint={say.purposeHint} problem={problem("group-purpose")}>
          {(props) => <textarea {...props} class="input" rows={2} maxLength={longestPurpose} dir="auto" value={group.purpose.value} onInput={(event) => (group.purpose.value = event.currentTarget.value)} />}
        </Field>
        <div id="group-kind" tabIndex={-1}>
          {problem("group-kind") && <p class="field-error">{problem("group-kind")}</p>}
          <Choices legend={say.kind} hint={say.kindLater} options={kinds.map((kind) => ({ value: kind as string, label: words.kind[kind], hint: words.kindHint[kind] }))} value={group.kind.value ?? ""} onChange={(kind) => (group.kind.value = kinds.find((one) => one === kind))} />
        </div>
        <PickPeople directory={directory} label={say.people} hint={say.peopleHint} chosen={group.members} without={(id) => id === account.userId} />
        <Toggle label={say.open} hint={say.openHint} checked={group.open.value} onChange={(open) => (group.open.value = open)} />
        <p class="form-note">{say.owner}</p>
        <Button type="submit" busy={group.state.value === "busy"}>
          {say.submit}
        </Button>
      </form>
    </Screen>
  );
}
