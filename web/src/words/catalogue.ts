// The words people read. Each feature keeps its own, in English beside its code (words.ts) and in each other language in a
// file of the same shape (words.cy.ts). What `catalogue` returns always speaks the language in use: reading it while
// rendering makes the view follow when another language is chosen. So keep the object, or a part of it (`const say = words.room`),
// and read each string when it is shown; a string read once, when a module loads, would stay in English.

import { signal } from "@preact/signals";

/** Strings, functions that give strings, and groups of these. */
export interface Table {
  readonly [key: string]: string | ((...values: never[]) => string) | Table;
}

/** The shape of a catalogue, for another language to be held to: `export default { … } satisfies Words<typeof words>`. */
export type Words<T> = {
  [K in keyof T]: T[K] extends string ? string : T[K] extends (...values: infer A) => string ? (...values: A) => string : Words<T[K]>;
};

/** The tables of the language in use, by feature; none for English. */
const inUse = signal<Readonly<Record<string, Table>>>({});

/** A feature's words under its name, which words/cy.ts knows them by. */
export function catalogue<T extends Table>(name: string, english: T): Words<T> {
  return view(english, () => inUse.value[name]) as Words<T>;
}

/** Puts another language's tables in the place of those in use. Only `speak` calls this: it also says which language it is. */
export function replace(tables: Readonly<Record<string, Table>>): void {
  inUse.value = tables;
}

/** The words for a code that comes from elsewhere, such as an error's: those under `other` where it has none of its own. */
export function worded(table: { readonly other: string } & Readonly<Record<string, string>>, code: string | undefined): string {
  return (code !== undefined && Object.hasOwn(table, code) && table[code]) || table.other;
}

function view(english: Table, current: () => Table | undefined): Table {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(english)) {
    if (typeof value === "object") shown[key] = view(value, () => current()?.[key] as Table | undefined);
    else Object.defineProperty(shown, key, { enumerable: true, get: () => current()?.[key] ?? value });
  }
  return shown as Table;
}
