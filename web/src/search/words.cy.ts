import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  conversations: "Sgyrsiau",
  people: "Cydweithwyr",
  messages: "Negeseuon",
  allPeople: (count) => `Dangos pob un o'r ${count} cydweithiwr`,
  you: "Chi",
  said: (sender) => `${sender}:`,
  elsewhere: "Sgwrs arall",
  looking: "Yn chwilio negeseuon…",
  failed: "Nid oedd modd chwilio'r negeseuon. Gwiriwch eich cysylltiad.",
  limited: "Gormod o chwiliadau mewn amser byr. Arhoswch am ennyd.",
  again: "Rhoi cynnig arall arni",
  more: "Dangos rhagor o negeseuon",
  nothing: (term) => `Dim byd wedi'i ganfod ar gyfer “${term}”`,
  nothingHint: "Gwiriwch y sillafu, neu rhowch gynnig ar lai o eiriau neu eiriau eraill.",
  found: (rooms, people, messages) => `Canfuwyd: ${rooms} sgwrs, ${people} cydweithiwr, ${messages} neges`,
} satisfies Words<typeof words>;
