// A picture in full, over everything: enlarged by buttons, keys, the wheel or two fingers, moved by dragging or arrow keys.
// There is no way to save it from here, on purpose.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import type { Message } from "../matrix/fold";
import type { Conversation } from "../room/model";
import { inFull } from "../words/times";
import { useFile } from "./use";
import type { FileBody } from "./view";
import { words as say } from "./words";
import { Zoom } from "./zoom";

interface Props {
  conversation: Conversation;
  eventId: string;
  onClose: () => void;
}

export function Viewer({ conversation, eventId, onClose }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const all = (conversation.thread.value ?? conversation).items.value.filter((item): item is Message => item.kind === "message" && item.body.kind === "image" && item.body.file !== undefined);
  const at = all.findIndex((one) => one.event_id === eventId || one.key === eventId);
  const message = all[at];
  const show = (to: Message | undefined) => to && (conversation.sheet.value = { kind: "viewer", event_id: to.event_id ?? to.key });
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => before instanceof HTMLElement && before.isConnected && before.focus();
  }, []);
  // The picture was deleted, or its conversation reached further.
  useEffect(() => {
    if (!message) onClose();
  }, [message === undefined]);
  if (!message) return null;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "PageUp") show(all[at - 1]);
    if (event.key === "PageDown") show(all[at + 1]);
  };
  const cancelled = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  const name = message.mine ? conversation.nameOf(conversation.account.userId) : conversation.nameOf(message.sender);
  return (
    <dialog class="viewer" ref={box} aria-label={(message.body as FileBody).name || say.photo} onCancel={cancelled} onKeyDown={onKeyDown}>
      <header class="viewer-head">
        <p>
          <bdi>{say.sentBy(name, inFull(message.at))}</bdi>
        </p>
        <IconButton icon="left" label={say.previous} disabled={at === 0} onClick={() => show(all[at - 1])} />
        <IconButton icon="right" label={say.next} disabled={at === all.length - 1} onClick={() => show(all[at + 1])} />
        <IconButton icon="close" label={say.close} onClick={onClose} />
      </header>
      <Whole key={message.key} message={message} conversation={conversation} />
    </dialog>
  );
}

function Whole({ message, conversation }: { message: Message; conversation: Conversation }) {
  const body = message.body as FileBody;
  const place = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLImageElement>(null);
  const zoom = useRef<Zoom | undefined>(undefined);
  const [scale, setScale] = useState(1);
  const whole = useFile(conversation.account, body.file ?? { url: "" }, undefined);
  useEffect(() => {
    if (whole.url === undefined || !place.current || !picture.current) return;
    const made = new Zoom(place.current, picture.current, setScale);
    zoom.current = made;
    return () => made.close();
  }, [whole.url]);
  return (
    <>
      <div class="viewer-place" ref={place} tabIndex={0} role="group" aria-label={body.name || say.photo} onKeyDown={(event) => zoom.current?.key(event)}>
        {whole.url !== undefined ? <img ref={picture} src={whole.url} alt={body.caption ?? body.name} draggable={false} /> : <p role="status">{whole.failed ? say.failed : say.loading}</p>}
      </div>
      <footer class="viewer-foot">
        {body.caption && <p dir="auto">{body.caption}</p>}
        <IconButton icon="zoomOut" label={say.zoomOut} disabled={scale <= 1} onClick={() => zoom.current?.by(1 / 1.5)} />
        <span aria-live="polite">{Math.round(scale * 100)} %</span>
        <IconButton icon="zoomIn" label={say.zoomIn} disabled={scale >= Zoom.most} onClick={() => zoom.current?.by(1.5)} />
        {whole.url === undefined && whole.failed && (
          <button type="button" class="button-quiet" onClick={whole.again}>
            <Icon name="undo" /> {say.retry}
          </button>
        )}
      </footer>
    </>
  );
}
