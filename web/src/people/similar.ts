// Names that are easily taken for one another, because they look or sound alike: a message to the wrong Mensah is a message about
// a patient to the wrong person. Pure. Errs on the side of silence for names that merely share a surname: a warning that is
// always there is read by nobody.

import { distance, plainWords, slips } from "../search/names";

/** What stands before a name and tells no two people apart. */
const titles = new Set(["dr", "prof", "professor", "mr", "mrs", "ms", "miss", "mx", "sr", "sister", "revd", "rev", "sir", "dame"]);

/** Spellings of the same sound, in the order in which they are replaced. */
const spellings: readonly (readonly [RegExp, string])[] = [
  [/^(kn|gn|pn)/, "n"],
  [/^wr/, "r"],
  [/^ps/, "s"],
  [/ph/g, "f"],
  [/(s?ch|sh|sz|cz)/g, "s"],
  [/ck|q|x/g, "k"],
  [/c(?=[eiy])/g, "s"],
  [/c/g, "k"],
  [/z/g, "s"],
  [/gh/g, ""],
  [/(?<=.)h/g, ""],
  [/w(?=r)|(?<=.)w$/g, ""],
  [/j|g(?=[ei])/g, "j"],
  [/v/g, "f"],
  [/(?<=.)(ie|y|ey|ee|ea|i)$/, "i"],
  [/y/g, "i"],
  [/(?<=..)e$/, ""],
];

/** Longer names are told apart by their consonants, shorter ones by every letter: Kathryn is Catherine, but John is not Jane. */
const long = 6;

/** As many letters as are taken in at a glance. */
const glance = 5;

/** What a word sounds like, as far as spelling tells. Equal for words that sound alike; means nothing else. */
export function sound(word: string): string {
  let heard = word;
  for (const [spelling, as] of spellings) heard = heard.replace(spelling, as);
  heard = heard.replace(/(.)\1+/g, "$1");
  return heard.length >= long ? heard.slice(0, 1) + heard.slice(1).replace(/[aeiou]/g, "") : heard;
}

function nameWords(name: string): string[] {
  const words = plainWords(name);
  const named = words.filter((word) => !titles.has(word));
  return named.length > 0 ? named : words;
}

function alike(a: string, b: string): boolean {
  if (a === b) return true;
  // An initial stands for any name that begins with it.
  if (a.length === 1 || b.length === 1) return a[0] === b[0];
  const [shorter, longer] = a.length <= b.length ? [a, b] : [b, a];
  if (distance(a, b, 2) <= slips(shorter)) return true;
  // The eye reads how a word begins: Hallworth and Hallwood.
  if (a.slice(0, glance) === b.slice(0, glance) && shorter.length >= glance) return true;
  // Ben and Benjamin, Kat and Katarzyna.
  if (shorter.length >= 3 && longer.startsWith(shorter)) return true;
  return /^\p{L}/u.test(a) && sound(a) === sound(b);
}

/**
 * Whether two names may be taken for one another: each word of the one with fewer words is alike to another word of the other, in
 * any order; where both have a first name and a surname, that means both of these.
 */
export function similar(one: string, other: string): boolean {
  const [a, b] = [nameWords(one), nameWords(other)];
  const [few, many] = a.length <= b.length ? [a, [...b]] : [b, [...a]];
  if (few.length === 0 || (few.length === 1 && many.length > 1)) return false;
  return few.every((word) => {
    const at = many.findIndex((candidate) => alike(word, candidate));
    if (at >= 0) many.splice(at, 1);
    return at >= 0;
  });
}

export interface Named {
  user_id: string;
  name: string;
}

/** For each person who has one among the others: those whose names are similar to theirs. Looks at the first `most` people. */
export function lookalikes<T extends Named>(people: readonly T[], most = 300): Map<string, T[]> {
  const found = new Map<string, T[]>();
  const looked = people.slice(0, most);
  const add = (to: T, like: T) => found.set(to.user_id, [...(found.get(to.user_id) ?? []), like]);
  looked.forEach((one, at) => {
    for (const other of looked.slice(at + 1)) {
      if (one.user_id === other.user_id || !similar(one.name, other.name)) continue;
      add(one, other);
      add(other, one);
    }
  });
  return found;
}
