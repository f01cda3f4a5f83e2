// What is filled in and chosen from.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Choices, Tabs, Toggle } from "../look/choice";
import { ErrorSummary, Field, PasswordField } from "../look/form";
import { Example, Examples, Section } from "./view";
import { words } from "./words";

const say = words.forms;

export function Forms() {
  const password = useRef<HTMLInputElement>(null);
  const on = useSignal(true);
  const ward = useSignal<"a" | "b">("a");
  return (
    <Section title={say.title}>
      <Examples>
        <Example name="field" wide>
          <Field name="guide-plain" label={say.label}>
            {(props) => <input {...props} class="input" type="text" />}
          </Field>
        </Example>
        <Example name="field, hint" wide>
          <Field name="guide-hint" label={say.label} hint={say.hint}>
            {(props) => <input {...props} class="input" type="text" />}
          </Field>
        </Example>
        <Example name="field, error" wide>
          <Field name="guide-error" label={say.label} hint={say.hint} problem={say.problem}>
            {(props) => <input {...props} class="input" type="text" />}
          </Field>
        </Example>
        <Example name="password" wide>
          <PasswordField name="guide-password" label={say.password} input={password} autocomplete="current-password" />
        </Example>
        <Example name="error summary" wide>
          <Summary />
        </Example>
        <Example name="toggle" wide>
          <Toggle label={say.toggle} hint={say.hint} checked={on.value} onChange={(checked) => (on.value = checked)} />
          <Toggle label={say.toggle} checked={!on.value} onChange={(checked) => (on.value = !checked)} />
        </Example>
        <Example name="toggle, disabled" wide>
          <Toggle label={say.toggle} checked disabled onChange={() => undefined} />
        </Example>
        <Example name="choices" wide>
          <Choices
            legend={say.ward}
            hint={say.hint}
            options={[
              { value: "a", label: say.wardA },
              { value: "b", label: say.wardB, hint: say.hint },
            ]}
            value={ward.value}
            onChange={(value) => (ward.value = value)}
          />
        </Example>
        <Example name="tabs" wide>
          <Tabbed />
        </Example>
      </Examples>
    </Section>
  );
}

const problems = () => [{ field: "guide-error", text: say.problem }];

/** The summary takes the focus when it appears, so here it appears when it is asked for. */
function Summary() {
  const shown = useSignal<ReturnType<typeof problems>>([]);
  return (
    <>
      <button type="button" class="button-quiet" onClick={() => (shown.value = shown.value.length > 0 ? [] : problems())}>
        {say.showSummary}
      </button>
      <ErrorSummary problems={shown.value} />
    </>
  );
}

function Tabbed() {
  const tab = useSignal<"all" | "unread">("all");
  const tabs = [
    { id: "all" as const, label: say.all },
    { id: "unread" as const, label: say.unread, count: { shown: "3", spoken: say.unreadCount } },
  ];
  return (
    <>
      <Tabs label={say.tabs} tabs={tabs} current={tab.value} panel="guide-panel" onSelect={(id) => (tab.value = id)} />
      <p id="guide-panel" role="tabpanel" tabIndex={0}>
        {tab.value === "all" ? say.all : say.unread}
      </p>
    </>
  );
}
