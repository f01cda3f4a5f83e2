import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  signIn: {
    title: "Mewngofnodi i Wardline",
    user: "Enw defnyddiwr",
    userHint: "Yr enw a gawsoch gan eich ymddiriedolaeth",
    password: "Cyfrinair",
    submit: "Mewngofnodi",
    submitting: "Wrthi'n mewngofnodi…",
    titleWithProblem: "Gwall: Mewngofnodi i Wardline",
    revoked: "Rydych wedi cael eich allgofnodi. Gall hyn ddigwydd pan fydd eich cyfrinair yn newid neu pan fydd y ddyfais hon yn cael ei thynnu o'ch cyfrif.",
    elsewhere: "Fe wnaethoch allgofnodi mewn ffenestr arall.",
  },
  signInProblem: {
    noUser: "Rhowch eich enw defnyddiwr",
    noPassword: "Rhowch eich cyfrinair",
    M_FORBIDDEN: "Nid yw'r enw defnyddiwr neu'r cyfrinair yn gywir. Gwiriwch y ddau a rhowch gynnig arall arni",
    M_INVALID_USERNAME: "Nid yw'r enw defnyddiwr neu'r cyfrinair yn gywir. Gwiriwch y ddau a rhowch gynnig arall arni",
    M_USER_LOCKED: "Mae'r cyfrif hwn wedi'i gloi. Holwch eich desg gwasanaeth TG amdano",
    M_USER_DEACTIVATED: "Mae'r cyfrif hwn wedi'i gau. Holwch eich desg gwasanaeth TG amdano",
    M_LIMIT_EXCEEDED: "Gormod o ymdrechion. Arhoswch funud, yna rhowch gynnig arall arni",
    unreachable: "Ni ellir cyrraedd Wardline. Gwiriwch eich cysylltiad, yna rhowch gynnig arall arni",
    storage: "Nid yw'r porwr hwn yn gadael i Wardline storio dim. Gadewch y modd pori preifat, neu caniatewch storio ar gyfer y wefan hon, yna rhowch gynnig arall arni",
    other: "Ni weithiodd y mewngofnodi. Rhowch gynnig arall arni, a rhowch wybod i'ch desg gwasanaeth TG os yw'n parhau",
  },
  menu: {
    label: (name) => `Eich cyfrif: ${name}`,
    settings: "Gosodiadau",
  },
  signOut: {
    action: "Allgofnodi",
    signingOut: "Wrthi'n allgofnodi…",
    unsentTitle: "Allgofnodi a cholli negeseuon heb eu hanfon?",
    unsent: (count) => (count === 1 ? "Mae 1 neges heb ei hanfon. Caiff ei dileu o'r ddyfais hon pan fyddwch yn allgofnodi." : `Mae ${count} neges heb eu hanfon. Cânt eu dileu o'r ddyfais hon pan fyddwch yn allgofnodi.`),
    anyway: "Allgofnodi beth bynnag",
    stay: "Aros wedi mewngofnodi",
  },
} satisfies Words<typeof words>;
