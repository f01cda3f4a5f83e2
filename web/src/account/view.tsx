// Signing in, after the NHS form pattern: one page, labels above, problems listed first and again at their fields.

import "./style.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { ErrorSummary, Field, PasswordField } from "../look/form";
import { prefer } from "../look/preferences";
import type { Ending } from "../matrix/changes";
import { worded } from "../words/catalogue";
import { language, languages, type Language } from "../words/language";
import { words as general } from "../words/words";
import { deviceName } from "./device";
import type { SignIn } from "./model";
import { words } from "./words";

const say = words.signIn;

export function SignInPage({ signIn, why }: { signIn: SignIn; why: Ending | undefined }) {
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const found = signIn.problems.value;
  const problems = useMemo(() => found.map(({ field, code }) => ({ field, text: worded(words.signInProblem, code) })), [found, language.value]);
  useEffect(() => {
    document.title = problems.length > 0 ? say.titleWithProblem : say.title;
  }, [problems]);
  const submit = (event: Event) => {
    event.preventDefault();
    void signIn.signIn(user.current?.value ?? "", password.current?.value ?? "", deviceName(navigator.userAgent, general.product));
  };
  return (
    <div class="sign-in">
      <SignInHead />
      <main>
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
          <Field name="user" label={say.user} hint={say.userHint} problem={problems.find((one) => one.field === "user")?.text}>
            {(props) => <input {...props} ref={user} class="input" type="text" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck={false} />}
          </Field>
          <PasswordField name="password" label={say.password} input={password} autocomplete="current-password" problem={problems.find((one) => one.field === "password")?.text} />
          <button class="button" type="submit" aria-disabled={signIn.busy.value}>
            {signIn.busy.value ? say.submitting : say.submit}
          </button>
        </form>
      </main>
    </div>
  );
}

/** The name of the app, and the other languages, for those who cannot read this one. */
function SignInHead() {
  const others = (Object.keys(languages) as Language[]).filter((one) => one !== language.value);
  return (
    <header class="sign-in-head">
      <p>{general.product}</p>
      {others.map((one) => (
        <button key={one} type="button" class="button-quiet" lang={languages[one].tag} onClick={() => void prefer({ language: one })}>
          {languages[one].ownName}
        </button>
      ))}
    </header>
  );
}
