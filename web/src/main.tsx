// Where the app begins: one look at what this browser remembers, then the first screen.

import "./look/style.css";
import { render } from "preact";
import { SignIn } from "./account/model";
import { App } from "./app/view";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");
const signIn = new SignIn(location.origin);
render(<App signIn={signIn} />, root);
void signIn.restore();
