// Finds what in a text looks like it could identify a patient: an NHS number, a date of birth, a telephone number. A hint for
// the person who writes, so it would rather miss one than cry wolf; nothing depends on it, and the text never leaves for it.

export type Kind = "nhs" | "birth" | "phone";

/** Longer texts are looked at up to here. */
const longest = 20_000;
/** Nobody older is alive. */
const oldest = 120;

const months = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
const tenDigits = /(?<![\d+])(\d{3})[ \-\u00a0]?(\d{3})[ \-\u00a0]?(\d{4})(?!\d)/g;
const numericDate = /(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/.-]*\d)/g;
const isoDate = /(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?!\d)/g;
const namedDate = new RegExp(`(?<!\\d)(\\d{1,2})(?:st|nd|rd|th)?[ -](${months})[a-z]*\\.?,?[ -](\\d{4})(?!\\d)`, "gi");
const birthWord = /\b(d\.?o\.?b\.?|born|birth|geni|ganed|ganwyd)(?![a-z])/i;
const phone = /(?<![\d+])(?:\+44[ \-]?(?:\(0\))?|0)[ \-]?\(?[1-37](?:[ \-()]{0,2}\d){8,9}(?![ -]?\d)/g;

/** The kinds found, each once, in the order in which they are told. `now` is for the age of a date. */
export function identifiersIn(text: string, now: number): Kind[] {
  const part = text.slice(0, longest);
  const found: Kind[] = [];
  if (hasNhsNumber(part)) found.push("nhs");
  if (hasBirthDate(part, now)) found.push("birth");
  if (phone[Symbol.matchAll](part).next().value) found.push("phone");
  return found;
}

/** Whether ten digits pass the check of NHS numbers: modulus 11 with weights 10 to 2 (NHS Data Dictionary, "NHS Number"). */
export function isNhsNumber(digits: string): boolean {
  if (!/^\d{10}$/.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < 9; at++) sum += Number(digits[at]) * (10 - at);
  const check = 11 - (sum % 11);
  return check !== 10 && check % 11 === Number(digits[9]);
}

function hasNhsNumber(text: string): boolean {
  for (const [, a = "", b = "", c = ""] of text.matchAll(tenDigits)) if (isNhsNumber(a + b + c)) return true;
  return false;
}

/**
 * A date of long ago, or any date beside a word for birth. A date of the last years stands for an admission or a result far more
 * often than for a birth: it counts only beside the word.
 */
function hasBirthDate(text: string, now: number): boolean {
  for (const { at, end, year, month, day } of datesIn(text, now)) {
    if (!isPast(year, month, day, now)) continue;
    if (birthWord.test(text.slice(Math.max(0, at - 24), end + 12))) return true;
    if (new Date(now).getFullYear() - year > 2) return true;
  }
  return false;
}

interface Found {
  at: number;
  end: number;
  year: number;
  month: number;
  day: number;
}

function* datesIn(text: string, now: number): Generator<Found> {
  for (const match of text.matchAll(numericDate)) {
    const [all, day, , month, year = ""] = match;
    yield { at: match.index, end: match.index + all.length, year: fullYear(year, now), month: Number(month), day: Number(day) };
  }
  for (const match of text.matchAll(isoDate)) {
    const [all, year, month, day] = match;
    yield { at: match.index, end: match.index + all.length, year: Number(year), month: Number(month), day: Number(day) };
  }
  for (const match of text.matchAll(namedDate)) {
    const [all, day, name = "", year] = match;
    const month = months.split("|").indexOf(name.toLowerCase()) + 1;
    yield { at: match.index, end: match.index + all.length, year: Number(year), month, day: Number(day) };
  }
}

/** Two digits mean the latest year that is not in the future. */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year);
  const current = new Date(now).getFullYear();
  const century = Math.floor(current / 100) * 100;
  const guess = century + Number(year);
  return guess > current ? guess - 100 : guess;
}

function isPast(year: number, month: number, day: number, now: number): boolean {
  const date = new Date(year, month - 1, day);
  if (date.getMonth() !== month - 1 || date.getDate() !== day) return false;
  return date.getTime() <= now && new Date(now).getFullYear() - year <= oldest;
}
