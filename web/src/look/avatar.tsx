// A round mark with initials, for people and conversations without a photograph. Decoration: the name stands beside it.

const tones = 8;

/** The first letters of the first and the last word that begin with one. */
export function initials(name: string): string {
  const words = name.split(/[\s,/&()-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? ([...word][0] ?? "") : ""));
  return letters.join("").toLocaleUpperCase();
}

function tone(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return sum % tones;
}

export function Avatar({ id, name, group = false }: { id: string; name: string; group?: boolean }) {
  return (
    <span class={`avatar tone-${tone(id)}${group ? " avatar-group" : ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
