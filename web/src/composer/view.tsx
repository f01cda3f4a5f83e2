// Where a message is written: Enter sends, Shift and Enter begin a new line, and the field grows with the text.

import "./style.css";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../look/icon";
import { longestMessage, type Conversation } from "../room/model";
import { words } from "./words";

const say = words;

export function Composer({ conversation }: { conversation: Conversation }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const draft = conversation.draft.text.value;
  const over = draft.trim().length - longestMessage;
  useLayoutEffect(() => fit(field.current), [draft]);
  const submit = (event: Event) => {
    event.preventDefault();
    conversation.send();
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method is composing a character, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    submit(event);
  };
  return (
    <form class="composer" onSubmit={submit}>
      {over > 0 && (
        <p class="field-error" id="composer-error" role="alert">
          {say.tooLong(over)}
        </p>
      )}
      <label class="visually-hidden" for="composer">
        {say.label}
      </label>
      <textarea
        id="composer"
        ref={field}
        class="composer-field"
        rows={1}
        dir="auto"
        placeholder={say.placeholder}
        enterkeyhint="send"
        value={draft}
        aria-invalid={over > 0 || undefined}
        aria-describedby={over > 0 ? "composer-error" : undefined}
        onInput={(event) => conversation.typed(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button class="send" type="submit" aria-label={say.send} aria-disabled={draft.trim() === "" || over > 0}>
        <Icon name="send" />
      </button>
    </form>
  );
}

/** Makes the field as tall as its text; the style sheet sets how tall it may grow. */
function fit(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}
