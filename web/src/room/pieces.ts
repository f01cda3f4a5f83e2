// A message's text in pieces: web addresses, the names it mentions, and everything else as it stands. Pure.

export interface Piece {
  kind: "text" | "link" | "name";
  text: string;
}

/** An address ends before the punctuation of the sentence around it. */
const link = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?')\]]/;

export function pieces(text: string, names: readonly string[]): Piece[] {
  const named = names.filter((name) => name !== "").sort((a, b) => b.length - a.length);
  const name = named.length > 0 ? `|@?(?:${named.map(escaped).join("|")})(?![\\p{L}\\p{N}])` : "";
  const found = new RegExp(`(${link.source}${name})`, "gu");
  return text.split(found).flatMap((part, at): Piece[] => {
    if (part === "") return [];
    if (at % 2 === 0) return [{ kind: "text", text: part }];
    return [{ kind: /^https?:\/\//.test(part) ? "link" : "name", text: part }];
  });
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
