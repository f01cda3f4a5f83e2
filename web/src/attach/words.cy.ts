import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  title: "Ffeiliau i'w hanfon",
  remove: (name) => `Tynnu ${name}`,
  edit: (name) => `Tocio, pylu neu farcio ${name}`,
  caption: "Capsiwn",
  captionOf: (name) => `Capsiwn ar gyfer ${name}`,
  smaller: (size) => `Anfon yn llai (${size})`,
  refused: (count, most) => (count === 1 ? `Ni chafodd 1 ffeil ei hychwanegu: gellir anfon hyd at ${most} ar unwaith.` : `Ni chafodd ${count} ffeil eu hychwanegu: gellir anfon hyd at ${most} ar unwaith.`),
  added: (count) => (count === 1 ? "Ychwanegwyd 1 ffeil" : `Ychwanegwyd ${count} ffeil`),
  problem: {
    large: (limit) => `Rhy fawr: y mwyaf yw ${limit}`,
    largeShrink: (limit) => `Rhy fawr: y mwyaf yw ${limit}. Rhowch gynnig ar ei anfon yn llai.`,
    empty: "Mae'r ffeil hon yn wag",
    unreadable: "Ni ellir darllen y ffeil hon",
  },
} satisfies Words<typeof words>;
