import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  toComposer: "Ysgrifennwch neges",
  storage: {
    title: "Ni all Wardline gychwyn yn y porwr hwn",
    hint: "Nid oes ganddo ganiatâd i storio dim ar y ddyfais hon. Gadewch y modd pori preifat, neu caniatewch storio ar gyfer y wefan hon, yna llwythwch y dudalen eto.",
  },
  noPage: {
    title: "Heb ddod o hyd i'r dudalen",
    hint: "Gwiriwch y cyfeiriad, neu ewch i'ch sgyrsiau.",
    home: "Mynd i'r sgyrsiau",
  },
} satisfies Words<typeof words>;
