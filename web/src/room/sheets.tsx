// What lies over a conversation. It is loaded when it is first wanted.

import { useEffect, useState } from "preact/hooks";
import { bodyWords } from "../look/body";
import { Button } from "../look/button";
import { Dialog, Sheet as Layer } from "../look/dialog";
import { EmojiPicker } from "../look/emoji";
import { Empty, Notice, Skeleton } from "../look/state";
import { bodyOf, type Body, type Message } from "../matrix/fold";
import type { MatrixEvent } from "../matrix/event";
import { children, eventById } from "../matrix/relate";
import { bundledEdit, newContent } from "../matrix/relations";
import { Gallery } from "../media/gallery";
import { Viewer } from "../media/viewer";
import { inFull } from "../words/times";
import { InfoSheet } from "./info";
import type { Conversation } from "./model";
import { words as say } from "./words";

export function Sheets({ conversation }: { conversation: Conversation }) {
  const sheet = conversation.sheet.value;
  const close = () => (conversation.sheet.value = undefined);
  switch (sheet?.kind) {
    case undefined:
      return null;
    case "info":
      return <InfoSheet conversation={conversation} message={sheet.message} onClose={close} />;
    case "edits":
      return <EditsSheet conversation={conversation} message={sheet.message} onClose={close} />;
    case "react":
      return <ReactSheet conversation={conversation} message={sheet.message} onClose={close} />;
    case "delete":
      return <DeleteDialog conversation={conversation} message={sheet.message} onClose={close} />;
    case "pinned":
      return <ListSheet conversation={conversation} title={say.pinnedTitle} none={say.pinnedNone} ids={conversation.acts.pinned.value} onClose={close} />;
    case "starred":
      return <ListSheet conversation={conversation} title={say.starredTitle} none={say.starredNone} ids={[...conversation.acts.starred.value]} onClose={close} />;
    case "gallery":
      return <Gallery conversation={conversation} onClose={close} />;
    case "viewer":
      return <Viewer conversation={conversation} eventId={sheet.event_id} onClose={close} />;
  }
}

interface Props {
  conversation: Conversation;
  message: Message;
  onClose: () => void;
}

/** What a call brings, or that it failed; undefined until then. */
export function useAnswer<T>(call: () => Promise<T>, key: string): { value?: T; failed: boolean; again: () => void } {
  const [state, setState] = useState<{ value?: T; failed: boolean }>({ failed: false });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let here = true;
    setState((old) => ({ ...old, failed: false }));
    call().then(
      (value) => here && setState({ value, failed: false }),
      () => here && setState({ failed: true }),
    );
    return () => {
      here = false;
    };
  }, [key, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}

export function Failed({ again }: { again: () => void }) {
  return (
    <Notice kind="error">
      <p>{say.notLoaded}</p>
      <Button kind="quiet" onClick={again}>
        {say.sending.retry}
      </Button>
    </Notice>
  );
}

/** How a message read, from the first to the latest. */
function EditsSheet({ conversation, message, onClose }: Props) {
  const answer = useAnswer(() => versions(conversation, message), message.event_id ?? "");
  return (
    <Layer title={say.editsTitle} onClose={onClose}>
      {answer.failed && <Failed again={answer.again} />}
      {!answer.value && !answer.failed && <Skeleton kind="text" rows={3} label={say.loadingMore} />}
      <ol class="versions">
        {answer.value?.map((one) => (
          <li key={one.at}>
            <time class="quiet" dateTime={new Date(one.at).toISOString()}>
              {inFull(one.at)}
            </time>
            <p class="version" dir="auto">
              {bodyWords(one.body)}
            </p>
          </li>
        ))}
      </ol>
    </Layer>
  );
}

async function versions(conversation: Conversation, message: Message): Promise<{ at: number; body: Body }[]> {
  const { client } = conversation.account;
  const id = message.event_id ?? "";
  const [original, edits] = await Promise.all([eventById(client, conversation.roomId, id), children(client, conversation.roomId, id, "m.replace")]);
  const first = original ? [{ at: original.origin_server_ts, body: bodyOf(original) }] : [];
  const later = edits.events.filter((edit) => edit.sender === message.sender && "body" in edit.content);
  return [...first, ...later.map((edit) => ({ at: edit.origin_server_ts, body: bodyOf(edit, newContent(edit)) }))];
}

function ReactSheet({ conversation, message, onClose }: Props) {
  const pick = (key: string) => {
    conversation.acts.react(message, key);
    onClose();
  };
  return (
    <Layer title={say.react} onClose={onClose}>
      <EmojiPicker onPick={pick} />
    </Layer>
  );
}

function DeleteDialog({ conversation, message, onClose }: Props) {
  const remove = () => {
    conversation.acts.delete(message);
    onClose();
  };
  const actions = (
    <>
      <Button kind="warning" onClick={remove}>
        {say.delete}
      </Button>
      <Button kind="secondary" onClick={onClose}>
        {say.keep}
      </Button>
    </>
  );
  return (
    <Dialog title={say.deleteTitle} onClose={onClose} actions={actions}>
      <p>{message.mine ? say.deleteHint : say.deleteOtherHint(conversation.nameOf(message.sender))}</p>
    </Dialog>
  );
}

interface ListProps {
  conversation: Conversation;
  title: string;
  none: string;
  ids: readonly string[];
  onClose: () => void;
}

/** Messages chosen by their ids, the latest first; each leads to its place. */
function ListSheet({ conversation, title, none, ids, onClose }: ListProps) {
  const answer = useAnswer(() => conversation.acts.events(ids), ids.join(" "));
  const go = (event: MatrixEvent) => {
    onClose();
    void conversation.jumpTo(event.event_id);
  };
  const events = [...(answer.value ?? [])].sort((a, b) => b.origin_server_ts - a.origin_server_ts);
  return (
    <Layer title={title} onClose={onClose}>
      {answer.failed && <Failed again={answer.again} />}
      {!answer.value && !answer.failed && <Skeleton kind="text" rows={3} label={say.loadingMore} />}
      {answer.value && events.length === 0 && <Empty icon="star" title={none} />}
      <ul class="found-list">
        {events.map((event) => (
          <li key={event.event_id}>
            <button type="button" onClick={() => go(event)}>
              <span class="found-head">
                <bdi>{conversation.nameOf(event.sender)}</bdi> <time class="quiet">{inFull(event.origin_server_ts)}</time>
              </span>
              <span class="found-text" dir="auto">
                {bodyWords(latestBody(event))}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Layer>
  );
}

function latestBody(event: MatrixEvent): Body {
  const edit = bundledEdit(event);
  return bodyOf(event, edit && edit.sender === event.sender ? newContent(edit) : event.content);
}
