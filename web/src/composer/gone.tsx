// In the composer's place once a person is no longer in the conversation. What they were writing can still be taken elsewhere.

import { tell } from "../look/announce";
import { Button } from "../look/button";
import type { Draft } from "./draft";
import { words } from "./words";

export function Gone({ draft, why }: { draft: Draft; why: string }) {
  const text = draft.text.value;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell(words.copied);
    } catch {
      document.querySelector<HTMLTextAreaElement>("#composer-kept")?.select();
    }
  };
  return (
    <div class="composer-gone" id="composer" tabIndex={-1}>
      <p>{why}</p>
      {text.trim() !== "" && (
        <>
          <label for="composer-kept">{words.kept}</label>
          <textarea id="composer-kept" class="composer-field" readOnly rows={3} dir="auto" value={text} />
          <Button kind="secondary" small icon="copy" onClick={() => void copy()}>
            {words.copy}
          </Button>
        </>
      )}
    </div>
  );
}
