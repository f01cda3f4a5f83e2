// Where the app begins: how the reader likes it, one look at what this browser remembers, then the first screen.

import "./look/style.css";
import "./look/parts.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { SignIn } from "./account/model";
import { App } from "./app/entry";
import { begin, forget, keep } from "./look/preferences";
import { attendNobody } from "./notify/attend";
import { startWorker } from "./worker/page";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");
await begin();
const signIn = new SignIn(location.origin);
// What was chosen lasts as long as the session: on a shared computer the next person has their own eyes.
effect(() => {
  const { at } = signIn.stage.value;
  if (at === "signed out") {
    forget();
    attendNobody();
  }
  return at === "signed in" ? keep() : undefined;
});
render(<App signIn={signIn} />, root);
void signIn.restore();
void startWorker();
