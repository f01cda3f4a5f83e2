// What the message is about: the one it answers or replaces, and what has become of that meanwhile.

import { bodyWords } from "../look/body";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import type { Composer } from "./model";
import { words } from "./words";

export function Context({ model, nameOf }: { model: Composer; nameOf: (user: string) => string }) {
  const editing = model.draft.editing.value;
  const reply = model.draft.replyTo.value;
  const target = editing ?? reply;
  const back = () => {
    model.cancel();
    document.getElementById("composer")?.focus();
  };
  return (
    <div role="status">
      {model.notice.value && <Notice model={model} onClose={back} />}
      {target && (
        <div class="composer-context">
          <Icon name={editing ? "edit" : "reply"} />
          <div class="composer-quote">
            <p class="composer-quote-name">{editing ? words.editing : words.replyingTo(nameOf(target.sender))}</p>
            <p class="composer-quote-text" dir="auto">
              {bodyWords(target.body)}
            </p>
          </div>
          <IconButton icon="close" label={editing ? words.stopEdit : words.stopReply} onClick={back} />
        </div>
      )}
    </div>
  );
}

function Notice({ model, onClose }: { model: Composer; onClose: () => void }) {
  return (
    <div class="composer-notice">
      <Icon name="info" />
      <p>{model.notice.value === "edit deleted" ? words.editDeleted : words.replyDeleted}</p>
      <IconButton icon="close" label={words.dismiss} onClick={onClose} />
    </div>
  );
}
