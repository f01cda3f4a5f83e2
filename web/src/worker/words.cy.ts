import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  message: "Neges newydd",
  test: "Prawf yw hwn: gall y ddyfais hon gael gwybod am negeseuon",
  ready: "Mae fersiwn newydd o Wardline yn barod.",
  use: "Ei defnyddio nawr",
} satisfies Words<typeof words>;
