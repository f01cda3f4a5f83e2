import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  camera: "Tynnu llun",
  finder: "Yr hyn y mae'r camera yn ei weld",
  take: "Tynnu'r llun",
  turnCamera: "Defnyddio'r camera arall",
  close: "Cau'r camera",
  editor: "Golygu'r llun",
  picture: "Y llun",
  discard: "Hepgor y newidiadau",
  use: "Defnyddio'r llun",
  tools: "Offer",
  crop: "Tocio",
  blur: "Pylu",
  arrow: "Saeth",
  undo: "Dad-wneud",
  unreadable: "Ni ellir golygu'r llun hwn yma.",
  help: {
    crop: "Llusgwch ar draws y rhan i'w chadw.",
    blur: "Tynnwch linell dros yr hyn nad oes angen i eraill ei weld: wynebau, enwau, bandiau arddwrn.",
    arrow: "Llusgwch o ddechrau'r saeth at yr hyn y mae'n pwyntio ato.",
  },
  keys: "Gyda'r bysellfwrdd: mae'r bysellau saeth yn symud, Shift yn symud ymhellach, ac Enter yn dechrau ac yn gorffen.",
  turn: {
    begun: "Wedi dechrau",
    kept: "Wedi gorffen",
    "too small": "Rhy fach, rhowch gynnig arall arni",
  },
  problem: {
    blocked: "Ni chaiff Wardline ddefnyddio'r camera. Caniatewch hynny yng ngosodiadau eich porwr ar gyfer y wefan hon, yna rhowch gynnig arall arni.",
    none: "Ni chafwyd hyd i gamera ar y ddyfais hon.",
    busy: "Mae'r camera'n cael ei ddefnyddio gan ap arall. Caewch hwnnw, yna rhowch gynnig arall arni.",
    insecure: "Dim ond dros gysylltiad diogel (https) y mae'r camera'n gweithio.",
  },
} satisfies Words<typeof words>;
