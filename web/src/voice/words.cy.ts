import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  title: "Nodyn llais",
  asking: "Caniatewch y meicroffon i ddechrau…",
  recording: "Yn recordio",
  paused: "Wedi'i seibio",
  pause: "Seibio'r recordio",
  resume: "Parhau i recordio",
  listen: "Gwrando ar y recordiad",
  stop: "Stopio gwrando",
  send: "Anfon y nodyn llais",
  discard: "Dileu'r recordiad",
  problem: {
    blocked: "Ni chaiff Wardline ddefnyddio'r meicroffon. Caniatewch hynny yng ngosodiadau eich porwr ar gyfer y wefan hon, yna rhowch gynnig arall arni.",
    none: "Ni chafwyd hyd i feicroffon ar y ddyfais hon.",
    busy: "Mae'r meicroffon yn cael ei ddefnyddio gan ap arall. Caewch hwnnw, yna rhowch gynnig arall arni.",
    insecure: "Dim ond dros gysylltiad diogel (https) y mae'r meicroffon yn gweithio.",
    unsupported: "Ni all y porwr hwn recordio nodyn llais.",
  },
} satisfies Words<typeof words>;
