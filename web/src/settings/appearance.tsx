// How the app looks and which language it speaks. What is chosen holds at once.

import { useSignal } from "@preact/signals";
import { Choices, Toggle } from "../look/choice";
import { prefer, preferences, textSizes, themes, type Preferences, type TextSize } from "../look/preferences";
import { Notice } from "../look/state";
import { languages, type Language } from "../words/language";
import { words } from "./words";

const say = words.appearance;

export function AppearancePage() {
  const { theme, textSize, motion } = preferences.value;
  const sizes = textSizes.map((size) => ({ value: String(size), label: say.size(size) }));
  return (
    <>
      <Choices legend={say.theme} hint={say.themeHint} options={themes.map((value) => ({ value, label: say.themes[value] }))} value={theme} onChange={(value) => void prefer({ theme: value })} />
      <Choices legend={say.textSize} options={sizes} value={String(textSize)} onChange={(value) => void prefer({ textSize: Number(value) as TextSize })} />
      <Toggle label={say.lessMotion} hint={say.lessMotionHint} checked={motion === "less"} onChange={(less) => void prefer({ motion: less ? "less" : "system" })} />
      <p class="settings-note">{say.note}</p>
    </>
  );
}

export function LanguagePage() {
  const failed = useSignal(false);
  const choose = async (language: Preferences["language"]) => {
    failed.value = !(await prefer({ language }));
  };
  const own = (Object.keys(languages) as Language[]).map((value) => ({ value, label: languages[value].ownName, lang: languages[value].tag }));
  return (
    <>
      {failed.value && <Notice kind="error">{say.languageFailed}</Notice>}
      <Choices legend={say.language} options={[{ value: "system", label: say.asBrowser }, ...own]} value={preferences.value.language} onChange={(value) => void choose(value)} />
    </>
  );
}
