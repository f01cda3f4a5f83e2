// Where the app begins: the reader's language, one look at what this browser remembers, then the first screen.

import "./look/style.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { SignIn } from "./account/model";
import { App } from "./app/view";
import { firstSpoken, language, languages, speak } from "./words/language";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");
// Where the words cannot be loaded, English is better than nothing.
await speak(firstSpoken(navigator.languages)).catch(() => undefined);
effect(() => {
  document.documentElement.lang = languages[language.value].tag;
});
const signIn = new SignIn(location.origin);
render(<App signIn={signIn} />, root);
void signIn.restore();
