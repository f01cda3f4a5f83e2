// Where a message is written: Enter sends, Shift and Enter begin a new line, and the field grows with the text. Above it stand
// what is answered, the files that go along, and what is worth knowing before sending. The urgency and patient controls of
// clinical work belong in the row below the field.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Voice } from "../attach/content";
import type { Piece } from "../attach/model";
import { TrayView } from "../attach/view";
import { announce, tell } from "../look/announce";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { Menu } from "../look/menu";
import type { Conversation } from "../room/model";
import { Context } from "./context";
import { Hint, SizeHint } from "./hint";
import { useLazy } from "./lazy";
import { Composer as Model } from "./model";
import { Names, nameId, namesId } from "./names";
import { useBeforeClosing, useDrop, useKeeping } from "./page";
import { words } from "./words";

const measure = async (file: Blob) => await (await import("../attach/film")).measureFilm(file);

export function Composer({ conversation }: { conversation: Conversation }) {
  const { draft } = conversation;
  const model = useMemo(() => new Model(conversation.account, conversation.roomId, draft, conversation, measure), [draft]);
  useEffect(() => () => model.close(), [model]);
  const dropping = useDrop(model.tray);
  useBeforeClosing(conversation.account.outbox);
  useKeeping(model);
  return (
    <div class="composer-place">
      {dropping && <p class="composer-drop">{words.drop}</p>}
      <Context model={model} nameOf={(user) => conversation.nameOf(user)} />
      <Row model={model} />
      <SizeHint model={model} />
    </div>
  );
}

/** The field and its buttons, or what has taken their place. */
function Row({ model }: { model: Model }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const back = () => requestAnimationFrame(() => field.current?.focus());
  const failed = () => tell(words.loadFailed);
  const camera = useLazy(() => import("../camera/view").then((module) => module.Camera), failed);
  const voice = useLazy(() => import("../voice/view").then((module) => module.VoiceBar), failed);
  const quick = useLazy(() => import("./quickview").then((module) => module.QuickSheet), failed);
  const emoji = useLazy(() => import("./emojiview").then((module) => module.EmojiSheet), failed);
  const editor = useEditor(model, failed, back);
  const [CameraView, VoiceView, QuickView, EmojiView] = [camera.shown.value, voice.shown.value, quick.shown.value, emoji.shown.value];
  const closing = (part: { hide: () => void }) => () => {
    part.hide();
    back();
  };
  const spoken = (file: File, voiceOf: Voice) => {
    model.sendVoice(file, voiceOf);
    closing(voice)();
  };
  const taken = (file: File) => {
    model.tray.add([file]);
    closing(camera)();
  };
  if (VoiceView) return <VoiceView onSend={spoken} onClose={closing(voice)} />;
  return (
    <>
      <TrayView tray={model.tray} onEdit={editor.edit} onEmpty={back} />
      <Hint model={model} />
      <Names model={model} onName={(person) => insert(field.current, model, person)} />
      <Form model={model} field={field} onCamera={camera.show} onVoice={voice.show} onQuick={quick.show} onEmoji={emoji.show} />
      {CameraView && <CameraView onPicture={taken} onClose={closing(camera)} />}
      {editor.view}
      {EmojiView && <EmojiView onPick={(sign) => place(field.current, model, sign)} onClose={closing(emoji)} />}
      {QuickView && <QuickView quick={model.quick} onChosen={(text) => model.sendQuick(text)} onClose={closing(quick)} />}
    </>
  );
}

/** The picture editor over a picture of the tray. */
function useEditor(model: Model, failed: () => void, back: () => void) {
  const piece = useSignal<Piece | undefined>(undefined);
  const editor = useLazy(() => import("../camera/editor").then((module) => module.PictureEditor), failed);
  const edit = (chosen: Piece) => {
    piece.value = chosen;
    editor.show();
  };
  const close = () => {
    editor.hide();
    back();
  };
  const done = (file: File) => {
    if (piece.value) model.tray.replace(piece.value.id, file);
    close();
  };
  const EditorView = editor.shown.value;
  const view = EditorView && piece.value && <EditorView picture={piece.value.original} name={piece.value.name} onDone={done} onClose={close} />;
  return { edit, view };
}

interface FormProps {
  model: Model;
  field: { current: HTMLTextAreaElement | null };
  onCamera: () => void;
  onVoice: () => void;
  onQuick: () => void;
  onEmoji: () => void;
}

function Form({ model, field, onCamera, onVoice, onQuick, onEmoji }: FormProps) {
  const picker = useRef<HTMLInputElement>(null);
  const { draft } = model;
  const editing = draft.editing.value !== undefined;
  const empty = draft.text.value === "" && model.tray.pieces.value.length === 0;
  const submit = (event: Event) => {
    event.preventDefault();
    model.send();
    field.current?.focus();
  };
  const picked = (event: { currentTarget: HTMLInputElement }) => {
    model.tray.add([...(event.currentTarget.files ?? [])]);
    event.currentTarget.value = "";
    field.current?.focus();
  };
  const adding = [
    { id: "files", label: words.files, icon: "attach" as const, onSelect: () => picker.current?.click() },
    { id: "camera", label: words.takePhoto, icon: "camera" as const, onSelect: onCamera },
    { id: "quick", label: words.quick.title, icon: "newChat" as const, onSelect: onQuick },
  ];
  return (
    <form class="composer" onSubmit={submit}>
      {!editing && <Menu label={words.add} icon="plus" items={adding} class="composer-add" />}
      <input ref={picker} type="file" multiple hidden onChange={picked} />
      <label class="visually-hidden" for="composer">
        {words.label}
      </label>
      <Field model={model} field={field} onSubmit={submit} />
      <IconButton icon="smile" label={words.emoji} class="composer-emoji" onClick={onEmoji} />
      {empty && !editing && <IconButton icon="camera" label={words.takePhoto} onClick={onCamera} />}
      {empty && !editing ? (
        <IconButton icon="mic" label={words.voice} class="composer-mic" onClick={onVoice} />
      ) : (
        <button class="send" type="submit" aria-label={editing ? words.save : words.send} title={editing ? words.save : words.send} aria-disabled={!model.ready.value}>
          <Icon name={editing ? "check" : "send"} />
        </button>
      )}
    </form>
  );
}

function Field({ model, field, onSubmit }: { model: Model; field: FormProps["field"]; onSubmit: (event: Event) => void }) {
  const text = model.draft.text.value;
  const names = model.offered.value;
  const over = model.size.value.state === "over";
  useLayoutEffect(() => fit(field.current), [text]);
  useWanted(model, field);
  return (
    <textarea
      id="composer"
      ref={field}
      class="composer-field"
      rows={1}
      dir="auto"
      placeholder={words.placeholder}
      enterkeyhint="send"
      value={text}
      aria-invalid={over || undefined}
      aria-describedby={over ? "composer-size" : undefined}
      aria-autocomplete="list"
      aria-controls={names.length > 0 ? namesId : undefined}
      aria-activedescendant={names.length > 0 ? nameId(model.chosen.value) : undefined}
      onInput={(event) => model.typed(event.currentTarget.value, event.currentTarget.selectionStart)}
      onKeyUp={(event) => isMove(event) && model.moved(event.currentTarget.selectionStart)}
      onClick={(event) => model.moved(event.currentTarget.selectionStart)}
      onBlur={() => model.closeNames()}
      onPaste={(event) => pasted(event, model)}
      onKeyDown={(event) => onKey(event, model, onSubmit)}
    />
  );
}

/** Takes the focus when the timeline has chosen a message to answer or to edit, with the caret at the end. */
function useWanted(model: Model, field: FormProps["field"]): void {
  const wanted = model.draft.wanted.value;
  const seen = useRef(wanted);
  useEffect(() => {
    if (seen.current === wanted) return;
    seen.current = wanted;
    // A menu in which it was chosen gives the focus back first.
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
    });
  }, [wanted]);
}

function isMove(event: KeyboardEvent): boolean {
  return /^(Arrow(Left|Right)|Home|End)$/.test(event.key);
}

function onKey(event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }, model: Model, onSubmit: (event: Event) => void): void {
  // While an input method is composing a character, the keys belong to it.
  if (event.isComposing) return;
  if (model.offered.value.length > 0 && onNameKey(event, model)) return event.preventDefault();
  if (event.key === "Enter" && !event.shiftKey) return onSubmit(event);
  if (event.key === "ArrowUp" && event.currentTarget.value === "" && model.editLast()) return event.preventDefault();
  if (event.key === "Escape" && model.cancel()) event.preventDefault();
}

/** Whether the key was for the list of names. */
function onNameKey(event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }, model: Model): boolean {
  switch (event.key) {
    case "ArrowDown":
      model.choose(1);
      return true;
    case "ArrowUp":
      model.choose(-1);
      return true;
    case "Enter":
    case "Tab":
      insert(event.currentTarget, model);
      return true;
    case "Escape":
      model.closeNames();
      return true;
    default:
      return false;
  }
}

function insert(field: HTMLTextAreaElement | null, model: Model, person?: { user_id: string; name: string }): void {
  const caret = model.name(person);
  if (!field || caret === undefined) return;
  field.value = model.draft.text.value;
  field.focus();
  field.setSelectionRange(caret, caret);
  announce(model.draft.mentions.value.at(-1)?.name ?? "");
}

/** Puts a sign where the caret is. */
function place(field: HTMLTextAreaElement | null, model: Model, sign: string): void {
  if (!field) return;
  field.setRangeText(sign, field.selectionStart, field.selectionEnd, "end");
  model.typed(field.value, field.selectionStart);
}

/** Pictures and files from the clipboard go to the tray; where there is text as well (a table, a document) it is the text that was meant. */
function pasted(event: ClipboardEvent, model: Model): void {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length === 0 || event.clipboardData?.types.includes("text/plain")) return;
  event.preventDefault();
  model.tray.add(files);
}

/** Makes the field as tall as its text; the style sheet sets how tall it may grow. */
function fit(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}

