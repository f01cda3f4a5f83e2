// A calm word about what the text holds: details that may identify a patient, and its length. Nothing is blocked for the first.

import { Button } from "../look/button";
import { Icon } from "../look/icon";
import { count } from "../words/times";
import type { Composer } from "./model";
import { words } from "./words";

export function Hint({ model }: { model: Composer }) {
  const found = model.identifiers.value;
  const keep = () => {
    model.acceptIdentifiers();
    document.getElementById("composer")?.focus();
  };
  return (
    <div role="status">
      {found.length > 0 && (
        <div class="composer-notice">
          <Icon name="info" />
          <p>
            <strong>{words.hint.looksLike(found.map((kind) => words.hint[kind]))}</strong> {words.hint.why}
          </p>
          <Button kind="quiet" onClick={keep}>
            {words.hint.keep}
          </Button>
        </div>
      )}
    </div>
  );
}

export function SizeHint({ model }: { model: Composer }) {
  const { state, characters } = model.size.value;
  // Tens are exact enough, and do not change with every key.
  const about = count(Math.ceil(characters / 10) * 10);
  return (
    <div role="status" id="composer-size">
      {state === "over" && <p class="composer-size field-error">{words.tooLong(about)}</p>}
      {state === "near" && <p class="composer-size">{words.nearlyTooLong(about)}</p>}
    </div>
  );
}
