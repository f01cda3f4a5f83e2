import { list } from "../words/times";
import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  person: {
    title: "Pwy yw hwn",
    job: "Swydd",
    ward: "Ward neu dîm",
    account: "Enw defnyddiwr",
    notRecorded: "Heb ei gofnodi",
    noPost: "Swydd a ward heb eu cofnodi",
    verified: "Daw'r enw, y swydd a'r ward o gofnodion eich sefydliad ei hun.",
    unverified: "Nid yw eich sefydliad wedi cofnodi swydd na ward. Gwnewch yn siŵr pwy yw hwn cyn ysgrifennu am glaf.",
    similar: (others) => `Enw tebyg: ${list(others)}. Gwnewch yn siŵr bod y person cywir gennych.`,
    namedAs: (name, post) => (post ? `${name} (${post})` : name),
    write: "Ysgrifennu neges",
  },
  start: {
    title: "Sgwrs newydd",
    back: "Yn ôl i'r sgyrsiau",
    label: "Enw, swydd, ward neu dîm",
    hint: "Er enghraifft “Grace”, “site manager” neu “ward 7”",
    looking: "Yn chwilio…",
    found: (count) => (count === 1 ? "Canfuwyd 1 cydweithiwr" : `Canfuwyd ${count} cydweithiwr`),
    more: "Mae rhagor. Teipiwch air arall i gyfyngu arnynt.",
    none: (term) => `Neb wedi'i ganfod ar gyfer “${term}”`,
    noneHint: "Gwiriwch y sillafu, neu rhowch gynnig ar swydd neu ward.",
    failed: "Nid oedd modd chwilio am gydweithwyr. Gwiriwch eich cysylltiad.",
    again: "Rhoi cynnig arall arni",
    recent: "Pobl y buoch yn ysgrifennu atynt ddiwethaf",
    newGroup: "Grŵp newydd",
    newGroupHint: "Ar gyfer tîm, prosiect neu restr o gydweithwyr",
    groups: "Ymuno â grŵp",
    groupsHint: "Grwpiau sy'n agored i bawb yma",
  },
  first: {
    title: (name) => `Sgwrs newydd gyda ${name}`,
    hint: "Does dim sgwrs rhyngoch eto. Mae'n dechrau pan anfonwch y neges gyntaf.",
    label: "Neges gyntaf",
    send: "Anfon",
    unreachable: "Heb ei hanfon: ni ellir cyrraedd Wardline. Mae eich neges yn dal yma. Gwiriwch eich cysylltiad, yna rhowch gynnig arall arni.",
    refused: "Heb ei hanfon: ni ellir ysgrifennu at y person hwn. Efallai ei fod wedi gadael.",
    limited: "Heb ei hanfon: gormod o sgyrsiau newydd mewn amser byr. Arhoswch funud, yna rhowch gynnig arall arni.",
  },
  pick: {
    add: (name) => `Ychwanegu ${name}`,
    remove: (name) => `Tynnu ${name}`,
    chosen: "Wedi'u dewis",
    added: (name) => `Ychwanegwyd ${name}`,
    removed: (name) => `Tynnwyd ${name}`,
  },
} satisfies Words<typeof words>;
