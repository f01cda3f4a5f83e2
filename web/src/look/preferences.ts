// How a person likes the app to look and speak. It is no secret and needs no account, so it stands in localStorage while
// someone is signed in; signing out forgets it with everything else.

import { effect, signal } from "@preact/signals";
import { firstSpoken, isLanguage, language, languages, speak, type Language } from "../words/language";

export const themes = ["system", "light", "dark", "contrast-light", "contrast-dark"] as const;
export type Theme = (typeof themes)[number];

/** Text sizes in percent of the browser's own. */
export const textSizes = [90, 100, 110, 125, 150] as const;
export type TextSize = (typeof textSizes)[number];

export interface Preferences {
  theme: Theme;
  textSize: TextSize;
  /** Whether things may move: as the device says, or not. */
  motion: "system" | "less";
  /** The language, or the first of the browser's that is spoken. */
  language: Language | "system";
}

export const usual: Preferences = { theme: "system", textSize: 100, motion: "system", language: "system" };

/** What is chosen now. */
export const preferences = signal<Preferences>(usual);

const key = "wardline.preferences";

/** Reads what was kept; anything that is not understood counts as not chosen. */
export function parse(kept: string | null): Preferences {
  let fields: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    const value: unknown = JSON.parse(kept ?? "{}");
    if (typeof value === "object" && value !== null) fields = value;
  } catch {
    return usual;
  }
  return {
    theme: themes.find((one) => one === fields.theme) ?? usual.theme,
    textSize: textSizes.find((one) => one === fields.textSize) ?? usual.textSize,
    motion: fields.motion === "less" ? "less" : "system",
    language: isLanguage(fields.language) ? fields.language : "system",
  };
}

/** Chooses; false where the words of a language could not be loaded, and everything stays as it was. */
export async function prefer(change: Partial<Preferences>): Promise<boolean> {
  const next = { ...preferences.peek(), ...change };
  if (!(await spoken(next))) return false;
  preferences.value = next;
  return true;
}

/** Speaks the preferred language, before anything is shown in another. */
async function spoken(next: Preferences): Promise<boolean> {
  const wanted = next.language === "system" ? firstSpoken(navigator.languages) : next.language;
  if (wanted === language.peek()) return true;
  return await speak(wanted).then(
    () => true,
    () => false,
  );
}

/** Takes up what was kept, and shows the page accordingly from then on. */
export async function begin(): Promise<void> {
  preferences.value = parse(read());
  const wants = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(prefers-reduced-motion: reduce)"].map((query) => matchMedia(query));
  const device = signal(0);
  for (const want of wants) want.addEventListener("change", () => device.value++);
  effect(() => {
    void device.value;
    const [dark = false, contrast = false, still = false] = wants.map((want) => want.matches);
    show(preferences.value, { dark, contrast, still });
  });
  effect(() => {
    document.documentElement.lang = languages[language.value].tag;
  });
  // Another tab of this browser chose something else.
  addEventListener("storage", (event) => {
    if (event.key === key) void prefer(parse(event.newValue));
  });
  await spoken(preferences.value);
}

/** Keeps what is chosen from now on, across reloads. The result ends that. */
export function keep(): () => void {
  return effect(() => {
    const chosen = JSON.stringify(preferences.value);
    try {
      if (chosen === JSON.stringify(usual)) localStorage.removeItem(key);
      else localStorage.setItem(key, chosen);
    } catch {
      // Nothing may be stored: it holds until the page is left.
    }
  });
}

/** Forgets what was chosen: the next person begins with the device's own. */
export function forget(): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Where nothing may be stored, nothing was.
  }
  void prefer(usual);
}

function read(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** What the device asks for. */
export interface Device {
  dark: boolean;
  contrast: boolean;
  still: boolean;
}

/** What stands on the root of the page. */
export function marks({ theme, motion }: Preferences, device: Device): { theme: "light" | "dark"; contrast?: "more"; motion?: "less" } {
  const dark = theme === "system" ? device.dark : theme.endsWith("dark");
  const contrast = theme === "system" ? device.contrast : theme.startsWith("contrast");
  const less = motion === "less" || device.still;
  return { theme: dark ? "dark" : "light", ...(contrast && { contrast: "more" }), ...(less && { motion: "less" }) };
}

function show(chosen: Preferences, device: Device): void {
  const root = document.documentElement;
  const { theme, contrast, motion } = marks(chosen, device);
  root.dataset.theme = theme;
  set(root, "contrast", contrast);
  set(root, "motion", motion);
  root.style.fontSize = chosen.textSize === 100 ? "" : `${chosen.textSize}%`;
  const bar = getComputedStyle(root).getPropertyValue("--chrome").trim();
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", bar);
}

function set(root: HTMLElement, name: string, value: string | undefined): void {
  if (value === undefined) delete root.dataset[name];
  else root.dataset[name] = value;
}

/** Whether things should keep still; for what moves by script. */
export function isStill(): boolean {
  return document.documentElement.dataset.motion === "less";
}
