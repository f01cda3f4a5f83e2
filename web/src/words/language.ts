// Which language the app speaks. English is always there; the others come when they are chosen.

import { batch, signal } from "@preact/signals";
import { replace, type Table } from "./catalogue";

export const languages = {
  en: { tag: "en-GB", ownName: "English" },
  cy: { tag: "cy-GB", ownName: "Cymraeg" },
} as const;

export type Language = keyof typeof languages;

const english = "en" satisfies Language;

const others: Record<Exclude<Language, typeof english>, () => Promise<{ default: Record<string, Table> }>> = {
  cy: () => import("./cy"),
};

/** The language in use. */
export const language = signal<Language>(english);

/** Changes the language. Rejects, and leaves it as it is, where the words cannot be loaded. */
export async function speak(next: Language): Promise<void> {
  const tables = next === english ? {} : (await others[next]()).default;
  batch(() => {
    replace(tables);
    language.value = next;
  });
}

/** The first of a reader's languages (BCP 47 tags, the most liked first) that the app speaks. */
export function firstSpoken(tags: readonly string[]): Language {
  for (const tag of tags) {
    const primary = tag.toLowerCase().split("-")[0] ?? "";
    if (isLanguage(primary)) return primary;
  }
  return english;
}

export function isLanguage(value: unknown): value is Language {
  return typeof value === "string" && Object.hasOwn(languages, value);
}
