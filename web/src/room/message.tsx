// One entry of the timeline. What people wrote is shown as text and nothing else: markup in it is shown, not obeyed.

import { bodyWords } from "../look/body";
import { Icon } from "../look/icon";
import type { Item, Message } from "../matrix/fold";
import { worded } from "../words/catalogue";
import { clock, day, inFull } from "../words/times";
import type { Conversation } from "./model";
import { words } from "./words";

const say = words;

export function ItemView({ item, conversation }: { item: Item; conversation: Conversation }) {
  switch (item.kind) {
    case "message":
      return <MessageView message={item} conversation={conversation} />;
    case "day":
      return (
        <li class="day" data-key={item.key}>
          <span>{day(item.at, Date.now())}</span>
        </li>
      );
    case "unread":
      return (
        <li class="unread-mark" data-key={item.key}>
          <span>{say.newMessages}</span>
        </li>
      );
    case "membership":
      return (
        <li class="notice" data-key={item.key}>
          {words.notice[item.change](item.people.map((user) => conversation.nameOf(user)))}
        </li>
      );
    case "state":
      return (
        <li class="notice" data-key={item.key}>
          {words.notice[item.change](conversation.nameOf(item.sender), item.value ?? "")}
        </li>
      );
  }
}

function MessageView({ message, conversation }: { message: Message; conversation: Conversation }) {
  const name = conversation.nameOf(message.sender);
  const shown = message.leads && !message.mine && !conversation.room.value?.direct;
  const classes = ["message", message.mine ? "mine" : "theirs", message.leads && "leads", message.state === "failed" && "message-failed"];
  return (
    <li class={classes.filter(Boolean).join(" ")} data-key={message.key} data-state={message.state}>
      <div class="bubble">
        <span class={shown ? "sender" : "visually-hidden"}>{message.mine ? say.you : name}</span>
        {message.reply && <Quote reply={message.reply} conversation={conversation} />}
        <BodyView message={message} name={name} />
        <Meta message={message} conversation={conversation} />
      </div>
      {message.reactions.length > 0 && <Reactions reactions={message.reactions} />}
      {message.state === "failed" && <Failed message={message} conversation={conversation} />}
    </li>
  );
}

function Quote({ reply, conversation }: { reply: NonNullable<Message["reply"]>; conversation: Conversation }) {
  if (!reply.sender || !reply.body) return <p class="quote">{say.replyToEarlier}</p>;
  return (
    <p class="quote">
      <span class="quote-name">{say.replyTo(conversation.nameOf(reply.sender))}</span>
      <span class="quote-text">{bodyWords(reply.body)}</span>
    </p>
  );
}

function BodyView({ message, name }: { message: Message; name: string }) {
  const { body } = message;
  switch (body.kind) {
    case "text":
    case "notice":
      return (
        <p class={`body body-${body.kind}`} dir="auto">
          {withLinks(body.text)}
        </p>
      );
    case "emote":
      return (
        <p class="body body-emote" dir="auto">
          {name} {withLinks(body.text)}
        </p>
      );
    case "deleted":
    case "unreadable":
      return <p class="body body-absent">{bodyWords(body)}</p>;
    default:
      return (
        <p class="body body-file">
          <Icon name={body.kind === "image" ? "photo" : "file"} /> {bodyWords(body)}
        </p>
      );
  }
}

/** Web addresses as links; everything else as it stands. */
function withLinks(text: string) {
  const parts = text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?')\]])/);
  return parts.map((part, at) =>
    at % 2 === 1 ? (
      <a href={part} target="_blank" rel="noopener noreferrer">
        {part}
      </a>
    ) : (
      part
    ),
  );
}

function Meta({ message, conversation }: { message: Message; conversation: Conversation }) {
  return (
    <span class="meta">
      {message.edited && <span>{say.edited} </span>}
      <time dateTime={new Date(message.at).toISOString()} title={inFull(message.at)}>
        {clock(message.at)}
      </time>
      {message.mine && <Ticks message={message} direct={conversation.room.value?.direct ?? false} />}
    </span>
  );
}

function Ticks({ message, direct }: { message: Message; direct: boolean }) {
  const read = message.state === "received" && message.readers > 0;
  const icon = read ? "ticks" : ({ queued: "clock", sent: "tick", received: "tick", failed: "warning" } as const)[message.state];
  const text = !read ? words.sending[message.state] : direct ? words.sending.read : words.sending.readBy(message.readers);
  return (
    <span class={read ? "ticks ticks-read" : "ticks"} title={text}>
      <Icon name={icon} />
      <span class="visually-hidden">{text}</span>
    </span>
  );
}

function Reactions({ reactions }: { reactions: Message["reactions"] }) {
  return (
    <ul class="reactions">
      {reactions.map(([key, count]) => (
        <li key={key}>
          <span aria-hidden="true">
            {key} {count > 1 && count}
          </span>
          <span class="visually-hidden">{say.reaction(key, count)}</span>
        </li>
      ))}
    </ul>
  );
}

function Failed({ message, conversation }: { message: Message; conversation: Conversation }) {
  return (
    <p class="failed" role="alert">
      <span>{worded(words.sendProblem, message.reason)}</span>
      <button type="button" class="button-quiet" onClick={() => conversation.retry(message.key)}>
        {words.sending.retry}
      </button>
      <button type="button" class="button-quiet" onClick={() => conversation.discard(message.key)}>
        {words.sending.discard}
      </button>
    </p>
  );
}
