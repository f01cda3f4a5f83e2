import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  connecting: "Wrthi'n cysylltu…",
  waiting: (seconds) => (seconds > 1 ? `Dim cysylltiad. Ceisio eto ymhen ${seconds} eiliad.` : "Dim cysylltiad. Ceisio eto…"),
  lost: "Dim cysylltiad. Cedwir yr hyn a anfonwch, a bydd yn mynd allan pan fyddwch yn ôl.",
  tryNow: "Ceisio nawr",
} satisfies Words<typeof words>;
