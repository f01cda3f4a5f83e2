import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  title: "Sgyrsiau",
  loading: "Wrthi'n llwytho sgyrsiau…",
  none: "Dim sgyrsiau eto",
  noneHint: "Pan fydd cydweithiwr yn eich ychwanegu at un, bydd yn ymddangos yma.",
  choose: "Dewiswch sgwrs",
  chooseHint: "Dewiswch un o'r rhestr i'w darllen ac i ateb.",
  unnamed: "Sgwrs wag",
  unread: (count) => (count === 1 ? "1 neges heb ei darllen" : `${count} neges heb eu darllen`),
  badge: (count) => (count > 99 ? "99+" : String(count)),
  invitation: "Gwahoddiad",
  invitedBy: (name) => `Mae ${name} wedi eich gwahodd i'r sgwrs hon`,
  noMessages: "Dim negeseuon eto",
  you: "Chi",
  said: (sender, body) => `${sender}: ${body}`,
  notSent: "Heb ei hanfon",
  typing: "yn teipio…",
} satisfies Words<typeof words>;
