// What is on the screen: sign-in, or the messenger, which is loaded when somebody is signed in, so that the sign-in page does
// not wait for it.

import { useEffect } from "preact/hooks";
import type { SignIn } from "../account/model";
import { SignInPage } from "../account/view";
import { Announcements } from "../look/announce";
import { later } from "../look/later";
import type { Ending } from "../matrix/changes";
import { route } from "./route";
import { words } from "./words";

const messenger = () => import("./view").then((its) => its.Messenger);

const Messenger = later(messenger, Opening);
const StyleGuide = later(() => import("../styleguide/view").then((its) => its.StyleGuide));

/** How long the sign-in page has the connection to itself, in milliseconds. */
const headStartMs = 1_000;

export function App({ signIn }: { signIn: SignIn }) {
  const stage = signIn.stage.value;
  if (route.value.screen === "style page") {
    return (
      <>
        <StyleGuide />
        <Announcements />
      </>
    );
  }
  switch (stage.at) {
    case "opening":
      return <Opening />;
    case "no storage":
      return (
        <main class="page">
          <h1>{words.storage.title}</h1>
          <p>{words.storage.hint}</p>
        </main>
      );
    case "signed out":
      return <SignedOut signIn={signIn} why={stage.why} />;
    case "signed in":
      return <Messenger key={stage.account.session.device_id} signIn={signIn} account={stage.account} />;
  }
}

function Opening() {
  return <main aria-busy="true" />;
}

/** The sign-in page. While somebody types, what comes after it is fetched. */
function SignedOut({ signIn, why }: { signIn: SignIn; why: Ending | undefined }) {
  useEffect(() => {
    // Where that fails, it is tried again when it is needed, and told then.
    const timer = setTimeout(() => void messenger().catch(() => undefined), headStartMs);
    return () => clearTimeout(timer);
  }, []);
  return <SignInPage signIn={signIn} why={why} />;
}
