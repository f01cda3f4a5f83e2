// Signing in, after the NHS form pattern: one page, labels above, problems listed first and again at their fields.

import "./style.css";
import { useSignal } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Ending } from "../matrix/changes";
import { worded } from "../words/catalogue";
import { words as general } from "../words/words";
import type { Problem, SignIn } from "./model";
import { words } from "./words";

const say = words.signIn;

function problemText(problem: Problem): string {
  return worded(words.signInProblem, problem.code);
}

export function SignInPage({ signIn, why }: { signIn: SignIn; why: Ending | undefined }) {
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const problems = signIn.problems.value;
  useEffect(() => {
    document.title = problems.length > 0 ? say.titleWithProblem : say.title;
  }, [problems]);
  const submit = (event: Event) => {
    event.preventDefault();
    void signIn.signIn(user.current?.value ?? "", password.current?.value ?? "", general.product);
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit} noValidate aria-busy={signIn.busy.value}>
        <ErrorSummary problems={problems} />
        {why && problems.length === 0 && (
          <p class="inset" role="status">
            {say[why]}
          </p>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {say.title}
        </h1>
        <Field name="user" label={say.user} hint={say.userHint} problem={problems.find((one) => one.field === "user")}>
          {(props) => <input {...props} ref={user} class="input" type="text" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck={false} />}
        </Field>
        <PasswordField input={password} problem={problems.find((one) => one.field === "password")} />
        <button class="button" type="submit" aria-disabled={signIn.busy.value}>
          {signIn.busy.value ? say.submitting : say.submit}
        </button>
      </form>
    </main>
  );
}

function ErrorSummary({ problems }: { problems: Problem[] }) {
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
      <h2 id="error-summary-title">{say.problem}</h2>
      <ul>
        {problems.map((problem) => (
          <li key={problem.field}>
            <a href={`#${problem.field}`} onClick={(event) => follow(event, problem.field)}>
              {problemText(problem)}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface InputProps {
  id: string;
  name: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

interface FieldProps {
  name: Problem["field"];
  label: string;
  hint?: string;
  problem: Problem | undefined;
  children: (props: InputProps) => JSX.Element;
}

function Field({ name, label, hint, problem, children }: FieldProps) {
  const described = [hint && `${name}-hint`, problem && `${name}-error`].filter(Boolean).join(" ");
  const props: InputProps = { id: name, name };
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
          {problemText(problem)}
        </div>
      )}
      {children(props)}
    </div>
  );
}

function PasswordField({ input, problem }: { input: RefObject<HTMLInputElement | null>; problem: Problem | undefined }) {
  const shown = useSignal(false);
  return (
    <Field name="password" label={say.password} problem={problem}>
      {(props) => (
        <div class="password">
          <input {...props} ref={input} class="input" {...(shown.value ? { type: "text" } : { type: "password" })} autocomplete="current-password" autocapitalize="none" spellcheck={false} />
          <button class="button button-secondary" type="button" aria-controls={props.id} aria-label={shown.value ? say.hidePassword : say.showPassword} onClick={() => (shown.value = !shown.value)}>
            {shown.value ? say.hide : say.show}
          </button>
        </div>
      )}
    </Field>
  );
}

/** Who is signed in, and the way out; asks first when something unsent would be lost. */
export function SignOut({ signIn, unsent }: { signIn: SignIn; unsent: () => Promise<number> }) {
  const losing = useSignal(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const leave = async () => {
    losing.value = await unsent();
    if (losing.value > 0) dialog.current?.showModal();
    else await signIn.signOut();
  };
  return (
    <div class="signed-in">
      <span class="signed-in-name">{signIn.displayName.value}</span>
      <button class="button-quiet" type="button" onClick={() => void leave()} aria-disabled={signIn.busy.value}>
        {signIn.busy.value ? words.signOut.signingOut : words.signOut.action}
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby="sign-out-title">
        <h2 id="sign-out-title">{words.signOut.unsentTitle}</h2>
        <p>{words.signOut.unsent(losing.value)}</p>
        <div class="dialog-actions">
          <button class="button button-warning" type="button" onClick={() => void signIn.signOut()}>
            {words.signOut.anyway}
          </button>
          <button class="button button-secondary" type="button" onClick={() => dialog.current?.close()}>
            {words.signOut.stay}
          </button>
        </div>
      </dialog>
    </div>
  );
}
