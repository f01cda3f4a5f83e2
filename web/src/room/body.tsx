// What a message says: words with their links and the names they mention, formatted words made harmless, or a file.

import { signal } from "@preact/signals";
import { Button } from "../look/button";
import { bodyWords } from "../look/body";
import type { Message } from "../matrix/fold";
import { FileView } from "../media/view";
import type { Conversation } from "./model";
import { Rich } from "./rich";
import { pieces } from "./pieces";
import { words as say } from "./words";

/** A longer message shows its beginning, until the rest is asked for: characters, and lines. */
const foldedAt = 1_200;
const foldedLines = 18;

/** Messages whose rest was asked for; they stay open when they leave the screen and come back. */
const unfolded = signal<ReadonlySet<string>>(new Set());

export function BodyView({ message, conversation }: { message: Message; conversation: Conversation }) {
  const { body } = message;
  switch (body.kind) {
    case "text":
    case "notice":
    case "emote":
      return <Words message={message} text={body.text} html={body.html} conversation={conversation} />;
    case "deleted":
      return <p class="body body-absent">{message.deletedBy === undefined ? bodyWords(body) : say.deletedBy(conversation.nameOf(message.deletedBy))}</p>;
    case "unreadable":
      return <p class="body body-absent">{bodyWords(body)}</p>;
    default:
      return (
        <>
          <FileView body={body} message={message} conversation={conversation} />
          {body.caption && <Words message={message} text={body.caption} conversation={conversation} />}
        </>
      );
  }
}

interface WordsProps {
  message: Message;
  text: string;
  html?: string;
  conversation: Conversation;
}

function Words({ message, text, html, conversation }: WordsProps) {
  const names = message.mentions.map((user) => conversation.nameOf(user));
  const long = text.length > foldedAt * 1.25 || lines(text) > foldedLines * 1.25;
  const open = !long || unfolded.value.has(message.key);
  const shown = open ? text : beginning(text);
  const who = message.body.kind === "emote" ? `${conversation.nameOf(message.sender)} ` : "";
  return (
    <>
      {html !== undefined && open ? (
        <Rich html={html} plain={text} />
      ) : (
        <p class={`body body-${message.body.kind}`} dir="auto">
          {who}
          {pieces(shown, names).map((piece, at) => pieceView(piece, at))}
          {!open && "…"}
        </p>
      )}
      {!open && (
        <Button kind="quiet" onClick={() => (unfolded.value = new Set([...unfolded.value, message.key]))}>
          {say.showAll}
        </Button>
      )}
    </>
  );
}

function pieceView(piece: ReturnType<typeof pieces>[number], key: number) {
  if (piece.kind === "text") return piece.text;
  if (piece.kind === "name") {
    return (
      <strong class="mention" key={key}>
        {piece.text}
      </strong>
    );
  }
  return (
    <a href={piece.text} target="_blank" rel="noopener noreferrer" key={key}>
      {piece.text}
    </a>
  );
}

function lines(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0 && count <= foldedLines * 2; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** The first lines, never ending within a character or an address if that can be helped. */
function beginning(text: string): string {
  const cut = text.split("\n", foldedLines).join("\n").slice(0, foldedAt);
  const space = cut.lastIndexOf(" ");
  return space > foldedAt / 2 ? cut.slice(0, space) : cut.replace(/[\uD800-\uDBFF]$/, "");
}
