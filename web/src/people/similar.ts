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

/** A word of a name, and what comparing it asks for again and again. */
interface Word {
  text: string;
  sound: string;
  /** One bit for each letter it has. */
  letters: number;
}

/** Names looked at lately: a list of members compares each with every other. */
const seen = new Map<string, Word[]>();
const mostSeen = 2_000;

function nameWords(name: string): Word[] {
  const known = seen.get(name);
  if (known) return known;
  // Nobody's name has more words, or longer ones; what somebody else's client sends may.
  const words = plainWords(name.slice(0, 256)).slice(0, 8);
  const named = words.filter((word) => !titles.has(word));
  const found = (named.length > 0 ? named : words).map((text) => ({ text, sound: sound(text), letters: letters(text) }));
  if (seen.size >= mostSeen) seen.clear();
  seen.set(name, found);
  return found;
}

function letters(word: string): number {
  let bits = 0;
  for (const char of word) bits |= 1 << ((char.codePointAt(0) ?? 0) & 31);
  return bits;
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

function alike(a: Word, b: Word): boolean {
  if (a.text === b.text) return true;
  // An initial stands for any name that begins with it.
  if (a.text.length === 1 || b.text.length === 1) return a.text[0] === b.text[0];
  const [shorter, longer] = a.text.length <= b.text.length ? [a.text, b.text] : [b.text, a.text];
  // The eye reads how a word begins: Hallworth and Hallwood.
  if (shorter.length >= glance && shorter.slice(0, glance) === longer.slice(0, glance)) return true;
  // Ben and Benjamin, Kat and Katarzyna.
  if (shorter.length >= 3 && longer.startsWith(shorter)) return true;
  const slip = slips(shorter);
  if (ones(a.letters ^ b.letters) <= 2 * slip && distance(a.text, b.text, slip) <= slip) return true;
  return /^\p{L}/u.test(a.text) && a.sound === b.sound;
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

/** Those among the others whose names are similar to this person's. */
export function similarTo<T extends Named>(person: Named, others: readonly T[]): T[] {
  return others.filter((other) => other.user_id !== person.user_id && similar(person.name, other.name));
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
