import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  close: "Cau",
  loading: "Wrthi'n llwytho…",
  notLoaded: "Nid oedd modd llwytho'r dudalen hon",
  notLoadedHint: "Gwiriwch eich cysylltiad, yna rhowch gynnig arall arni.",
  tryAgain: "Ceisio eto",
  emoji: { answers: "Atebion", faces: "Wynebau", care: "Gofal", work: "Gwaith", life: "Popeth arall" },
  problem: "Mae problem",
  show: "Dangos",
  hide: "Cuddio",
  showPassword: (label) => `Dangos: ${label}`,
  hidePassword: (label) => `Cuddio: ${label}`,
  body: {
    image: (name) => (name ? `Llun: ${name}` : "Llun"),
    video: (name) => (name ? `Fideo: ${name}` : "Fideo"),
    audio: (name) => (name ? `Sain: ${name}` : "Sain"),
    file: (name) => (name ? `Ffeil: ${name}` : "Ffeil"),
    deleted: "Cafodd y neges hon ei dileu",
    unreadable: "Ni ellir dangos y neges hon yma",
  },
} satisfies Words<typeof words>;
