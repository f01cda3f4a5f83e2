// Naming a person with @: what is being typed at the caret, who it may mean, and the text with the name in it. Pure.

/** Someone who can be named. */
export interface Candidate {
  user_id: string;
  name: string;
}

/** The unfinished name at the caret: where its @ is, and what has been typed of it. */
export interface Query {
  at: number;
  typed: string;
}

/** Names offered at once. */
const offered = 6;
const longestQuery = 40;

/** The name being typed at the caret, if one is: an @ at the beginning of a word, and at most two words after it. */
export function queryAt(text: string, caret: number): Query | undefined {
  const before = text.slice(Math.max(0, caret - longestQuery), caret);
  const found = /(?:^|[\s("'\u2018\u201c])@([\p{L}\p{M}\p{N}.'\u2019_-]*(?: [\p{L}\p{M}\p{N}.'\u2019_-]*)?)$/u.exec(before);
  if (!found) return undefined;
  const typed = found[1] ?? "";
  return { at: caret - typed.length - 1, typed };
}

/** The people whose names fit, the best first: those whose first name begins so, then any of their names, then the account. */
export function matching(people: Candidate[], typed: string, me: string): Candidate[] {
  const wanted = plain(typed.trim());
  const ranked = people.flatMap((one) => {
    if (one.user_id === me) return [];
    const rank = rankOf(one, wanted);
    return rank === undefined ? [] : [{ one, rank }];
  });
  ranked.sort((a, b) => a.rank - b.rank || a.one.name.localeCompare(b.one.name));
  return ranked.slice(0, offered).map(({ one }) => one);
}

function rankOf(one: Candidate, wanted: string): number | undefined {
  const name = plain(one.name);
  if (name.startsWith(wanted)) return 0;
  if (name.split(" ").some((word) => word.startsWith(wanted))) return 1;
  return plain(one.user_id.slice(1)).startsWith(wanted) ? 2 : undefined;
}

/** Without accents and capitals, as people type in a hurry. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The text with the name in place of what was typed of it, and where the caret belongs. */
export function withName(text: string, query: Query, name: string): { text: string; caret: number } {
  const end = query.at + 1 + query.typed.length;
  const after = text.slice(end);
  const inserted = `@${name}${/^\s/.test(after) ? "" : " "}`;
  return { text: text.slice(0, query.at) + inserted + after, caret: query.at + inserted.length + (/^\s/.test(after) ? 1 : 0) };
}
