// Forms after the NHS pattern: labels above their fields, what is wrong listed first and again at its field.

import { useSignal } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "./words";

/** What is wrong in a form: the id of the field, and the words. */
export interface Problem {
  field: string;
  text: string;
}

/** The list of what is wrong. It takes the focus when it changes; each entry leads to its field. */
export function ErrorSummary({ problems }: { problems: readonly Problem[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (problems.length > 0) box.current?.focus();
  }, [problems]);
  if (problems.length === 0) return null;
  const follow = (event: MouseEvent, field: string) => {
    event.preventDefault();
    document.getElementById(field)?.focus();
  };
  return (
    <div class="error-summary" ref={box} tabIndex={-1} role="alert" aria-labelledby="error-summary-title">
      <h2 id="error-summary-title">{words.problem}</h2>
      <ul>
        {problems.map((problem) => (
          <li key={problem.field}>
            <a href={`#${problem.field}`} onClick={(event) => follow(event, problem.field)}>
              {problem.text}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What a field's control has to carry. */
export interface ControlProps {
  id: string;
  name: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

export interface FieldProps {
  /** The id of the control, unlike any other on the page. */
  name: string;
  label: string;
  hint?: string;
  problem?: string;
  children: (props: ControlProps) => JSX.Element;
}

/** A label, a hint, what is wrong, and the control, tied together. */
export function Field({ name, label, hint, problem, children }: FieldProps) {
  const described = [hint && `${name}-hint`, problem && `${name}-error`].filter(Boolean).join(" ");
  const props: ControlProps = { id: name, name };
  if (described) props["aria-describedby"] = described;
  if (problem) props["aria-invalid"] = true;
  return (
    <div class={problem ? "field field-wrong" : "field"}>
      <label for={name}>{label}</label>
      {hint && (
        <div class="hint" id={`${name}-hint`}>
          {hint}
        </div>
      )}
      {problem && (
        <div class="field-error" id={`${name}-error`}>
          {problem}
        </div>
      )}
      {children(props)}
    </div>
  );
}

export interface PasswordFieldProps {
  name: string;
  label: string;
  hint?: string;
  problem?: string;
  input: RefObject<HTMLInputElement | null>;
  autocomplete: "current-password" | "new-password";
}

/** A password, which can be shown while it is typed. */
export function PasswordField({ name, label, hint, problem, input, autocomplete }: PasswordFieldProps) {
  const shown = useSignal(false);
  return (
    <Field name={name} label={label} hint={hint} problem={problem}>
      {(props) => (
        <div class="password">
          <input {...props} ref={input} class="input" {...(shown.value ? { type: "text" } : { type: "password" })} autocomplete={autocomplete} autocapitalize="none" spellcheck={false} />
          <button class="button button-secondary" type="button" aria-controls={props.id} aria-label={shown.value ? words.hidePassword(label) : words.showPassword(label)} onClick={() => (shown.value = !shown.value)}>
            {shown.value ? words.hide : words.show}
          </button>
        </div>
      )}
    </Field>
  );
}
