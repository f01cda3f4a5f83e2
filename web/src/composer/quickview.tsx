// The quick replies: select one to send it, or edit the set.

import { useSignal } from "@preact/signals";
import { Button } from "../look/button";
import { Sheet } from "../look/dialog";
import { mostReplies, type QuickReplies } from "./quick";
import { words } from "./words";

export interface QuickProps {
  quick: QuickReplies;
  onChosen: (text: string) => void;
  onClose: () => void;
}

export function QuickSheet({ quick, onChosen, onClose }: QuickProps) {
  const editing = useSignal(false);
  if (editing.value) return <QuickEditor quick={quick} onDone={() => (editing.value = false)} onClose={onClose} />;
  const choose = (text: string) => {
    onClose();
    onChosen(text);
  };
  const edit = (
    <Button kind="secondary" small icon="edit" onClick={() => (editing.value = true)}>
      {words.quick.edit}
    </Button>
  );
  return (
    <Sheet key="choose" title={words.quick.title} onClose={onClose} actions={edit}>
      <p class="hint">{words.quick.hint}</p>
      <ul class="quick-list">
        {quick.list.value.map((text) => (
          <li key={text}>
            <button type="button" class="quick-reply" dir="auto" onClick={() => choose(text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function QuickEditor({ quick, onDone, onClose }: { quick: QuickReplies; onDone: () => void; onClose: () => void }) {
  const text = useSignal(quick.list.value.join("\n"));
  const save = async () => {
    if (await quick.save(text.value.split("\n"))) onDone();
  };
  const actions = (
    <>
      <Button busy={quick.saving.value === "busy"} onClick={() => void save()}>
        {words.quick.save}
      </Button>
      <Button kind="secondary" onClick={onDone}>
        {words.quick.cancel}
      </Button>
    </>
  );
  return (
    <Sheet key="edit" title={words.quick.edit} onClose={onClose} actions={actions}>
      {quick.saving.value === "failed" && (
        <p class="field-error" role="alert">
          {words.quick.failed}
        </p>
      )}
      <label class="label" for="quick-replies">
        {words.quick.title}
      </label>
      <p class="hint" id="quick-hint">
        {words.quick.editHint}
      </p>
      <textarea id="quick-replies" class="input quick-editor" rows={mostReplies / 2} aria-describedby="quick-hint" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
    </Sheet>
  );
}
