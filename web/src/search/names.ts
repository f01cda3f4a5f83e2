// Finding names by what a person types: without regard to case and accents, by the beginnings of words, and with a letter or two
// wrong. The same rules as the server's directory of staff, for what is already on this device.

/** Letters that no decomposition turns into plain ones. */
const plainLetters: Record<string, string> = { ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ß: "ss", æ: "ae", œ: "oe", ı: "i" };

/** The words of a text, in small letters without accents and apostrophes. */
export function plainWords(text: string): string[] {
  return plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The text as it compares: small letters, no accents, no apostrophes. */
export function plain(text: string): string {
  const bare = text.toLowerCase().normalize("NFD").replace(/[\p{M}'’]/gu, "");
  return bare.replace(/[øłđðþßæœı]/g, (letter) => plainLetters[letter] ?? letter);
}

/**
 * How many letters to insert, leave out, replace or exchange with their neighbour to make `from` into `to`, or more than `most`
 * when it takes more. `begins` is satisfied with a beginning of `to`.
 */
export function distance(from: string, to: string, most: number, begins = false): number {
  if (Math.abs(from.length - to.length) > most && !(begins && to.length > from.length)) return most + 1;
  let [before, last]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    if (Math.min(...row) > most) return most + 1;
    [before, last] = [last, row];
  }
  return begins ? Math.min(...last) : last[to.length]!;
}

/** Wrong letters allowed in a word: none in a short one, where every letter counts. */
export function slips(word: string): number {
  if (word.length >= 8) return 2;
  return word.length >= 4 ? 1 : 0;
}

function likeness(term: string, word: string): number {
  if (word === term) return 6;
  if (word.startsWith(term)) return 5;
  if (term.length >= 3 && word.includes(term)) return 4;
  const allowed = slips(term);
  return allowed === 0 ? 0 : Math.max(0, allowed + 1 - distance(term, word, allowed, true));
}

/** How well a name answers a term, every word of which it must have: 0 is not at all. */
export function score(term: readonly string[], name: readonly string[]): number {
  let sum = 0;
  for (const word of term) {
    const best = name.reduce((most, one) => Math.max(most, likeness(word, one)), 0);
    if (best === 0) return 0;
    sum += best;
  }
  return sum;
}

/** The things whose names answer the term, best first, and in their own order where they answer it equally well. */
export function findByName<T>(things: readonly T[], term: string, wordsOf: (thing: T) => readonly string[]): T[] {
  const words = plainWords(term);
  if (words.length === 0) return [];
  const scored = things.map((thing) => ({ thing, score: score(words, wordsOf(thing)) })).filter((one) => one.score > 0);
  return scored.sort((a, b) => b.score - a.score).map((one) => one.thing);
}

/** A text cut where the server's highlighted words stand in it: every second part is one of them. */
export function highlighted(text: string, words: readonly string[]): string[] {
  const wanted = words.flatMap(plainWords);
  if (wanted.length === 0) return [text];
  const parts = [""];
  let at = 0;
  for (const found of text.matchAll(/[\p{L}\p{M}\p{N}'’]+/gu)) {
    const word = plain(found[0]);
    if (!wanted.some((one) => word.startsWith(one))) continue;
    parts[parts.length - 1] += text.slice(at, found.index);
    parts.push(found[0], "");
    at = found.index + found[0].length;
  }
  parts[parts.length - 1] += text.slice(at);
  return parts;
}

/** At most about so many characters of a text, around the first of the words it was found by. */
export function excerpt(text: string, words: readonly string[], most = 160): string {
  const whole = text.replace(/\s+/g, " ").trim();
  if (whole.length <= most) return whole;
  const first = highlighted(whole, words)[0]?.length ?? 0;
  const wanted = Math.max(0, Math.min(first - 40, whole.length - most));
  const from = wanted === 0 ? 0 : whole.indexOf(" ", wanted) + 1;
  const end = from + most >= whole.length ? whole.length : whole.lastIndexOf(" ", from + most);
  return `${from > 0 ? "… " : ""}${whole.slice(from, end > from ? end : from + most)}${end < whole.length ? " …" : ""}`;
}
