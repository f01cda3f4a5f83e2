import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  label: "Neges",
  placeholder: "Ysgrifennwch neges",
  send: "Anfon y neges",
  tooLong: (over) => `Mae'r neges ${over} nod yn rhy hir`,
} satisfies Words<typeof words>;
