// What stands around the messages of a conversation: the menu of its head, the pinned message, the head of a thread, and
// words about what could not be done.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { tell } from "../look/announce";
import { bodyWords } from "../look/body";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { Menu } from "../look/menu";
import { bodyOf, type Body } from "../matrix/fold";
import type { Conversation } from "./model";
import { words as say } from "./words";

const loaded = signal<typeof import("./sheets") | undefined>(undefined);

/** What lies over the conversation, once something does. It is loaded then. */
export function Sheets({ conversation }: { conversation: Conversation }) {
  const wanted = conversation.sheet.value !== undefined;
  useEffect(() => {
    if (!wanted || loaded.value) return;
    import("./sheets").then(
      (part) => (loaded.value = part),
      () => {
        conversation.sheet.value = undefined;
        tell(say.notLoaded);
      },
    );
  }, [wanted]);
  const Part = loaded.value?.Sheets;
  return wanted && Part ? <Part conversation={conversation} /> : null;
}

export function RoomMenu({ conversation }: { conversation: Conversation }) {
  const show = (kind: "gallery" | "pinned" | "starred") => () => (conversation.sheet.value = { kind });
  const items = [
    { id: "gallery", icon: "gallery" as const, label: say.gallery, onSelect: show("gallery") },
    { id: "pinned", icon: "pin" as const, label: say.pinnedTitle, onSelect: show("pinned") },
    { id: "starred", icon: "star" as const, label: say.starredTitle, onSelect: show("starred") },
  ];
  return <Menu label={say.roomMenu} items={items} />;
}

/** The message that was pinned last, and the way to the others. */
export function PinnedBar({ conversation }: { conversation: Conversation }) {
  const pinned = conversation.acts.pinned.value;
  const last = pinned.at(-1);
  const [body, setBody] = useState<{ id: string; body: Body } | undefined>();
  useEffect(() => {
    let here = true;
    if (last === undefined) return;
    conversation.acts.events([last]).then(
      ([event]) => here && setBody(event && { id: last, body: bodyOf(event) }),
      // The bar leads to the message all the same.
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [last]);
  if (last === undefined) return null;
  return (
    <div class="pinned-bar">
      <button type="button" class="pinned-last" onClick={() => void conversation.jumpTo(last)}>
        <Icon name="pin" />
        <span class="visually-hidden">{say.pinned}: </span>
        <span class="pinned-text" dir="auto">
          {body?.id === last ? bodyWords(body.body) : say.pinned}
        </span>
      </button>
      {pinned.length > 1 && (
        <button type="button" class="button-quiet" onClick={() => (conversation.sheet.value = { kind: "pinned" })}>
          {say.pinnedAll(pinned.length)}
        </button>
      )}
    </div>
  );
}

export function ThreadHead({ conversation }: { conversation: Conversation }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const back = () => {
    conversation.closeThread();
    document.getElementById("composer")?.focus();
  };
  return (
    <div class="thread-head">
      <IconButton icon="back" label={say.closeThread} onClick={back} />
      <h2 ref={heading} tabIndex={-1}>
        {say.thread}
      </h2>
    </div>
  );
}

/** Something that was asked for and could not be done. */
export function Trouble({ conversation }: { conversation: Conversation }) {
  const problem = conversation.problem.value;
  if (problem === undefined) return null;
  return (
    <div class="trouble" role="alert">
      <Icon name="warning" />
      <p>{say.jumpProblem[problem]}</p>
      <IconButton icon="close" label={say.dismiss} onClick={() => (conversation.problem.value = undefined)} />
    </div>
  );
}
