// One entry of the timeline. What people wrote is shown as text; markup in names and plain messages is shown, not obeyed.

import { Component } from "preact";
import { bodyWords } from "../look/body";
import { Icon } from "../look/icon";
import type { Place } from "../look/menu";
import type { Item, Message } from "../matrix/fold";
import { clock, day, inFull } from "../words/times";
import { worded } from "../words/catalogue";
import { BodyView } from "./body";
import type { Conversation } from "./model";
import { same } from "./same";
import { Waiting } from "./waiting";
import { words as say } from "./words";

export interface ItemProps {
  item: Item;
  conversation: Conversation;
  /** It stands out, because it was jumped to. */
  found: boolean;
  menuOpen: boolean;
  onMenu: (message: Message, place: Place) => void;
}

/** Each change makes all items anew; only those that differ are drawn anew. */
export class ItemView extends Component<ItemProps> {
  override shouldComponentUpdate(next: ItemProps): boolean {
    const old = this.props;
    if (next.found !== old.found || next.menuOpen !== old.menuOpen || next.conversation !== old.conversation) return true;
    return next.item !== old.item && !same(next.item, old.item);
  }

  override render() {
    const { item, conversation } = this.props;
    switch (item.kind) {
      case "message":
        return <MessageView {...this.props} message={item} />;
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
            {say.notice[item.change](item.people.map((user) => conversation.nameOf(user)))}
          </li>
        );
      case "state":
        return (
          <li class="notice" data-key={item.key}>
            {say.notice[item.change](conversation.nameOf(item.sender), item.value ?? "")}
          </li>
        );
    }
  }
}

function classes(message: Message, found: boolean, menuOpen: boolean): string {
  const all = [
    "message",
    message.mine ? "mine" : "theirs",
    message.leads && "leads",
    message.state === "failed" && "message-failed",
    message.forMe && !message.mine && "for-me",
    found && "found",
    menuOpen && "menu-open",
  ];
  return all.filter(Boolean).join(" ");
}

function MessageView({ message, conversation, found, menuOpen, onMenu }: ItemProps & { message: Message }) {
  const name = conversation.nameOf(message.sender);
  const shown = message.leads && !message.mine && !conversation.room.value?.direct;
  const open = (event: MouseEvent) => onMenu(message, (event.currentTarget as HTMLElement).getBoundingClientRect());
  return (
    <li class={classes(message, found, menuOpen)} data-key={message.key} data-event={message.event_id} data-state={message.state} tabIndex={-1}>
      <div class="message-row">
        <div class="bubble">
          <bdi class={shown ? "sender" : "visually-hidden"}>{message.mine ? say.you : name}</bdi>
          {message.reply && <Quote reply={message.reply} conversation={conversation} />}
          <BodyView message={message} conversation={conversation} />
          <Meta message={message} conversation={conversation} />
        </div>
        {message.event_id !== undefined && (
          // For the pointer; by keyboard the message itself opens its menu, and Tab passes it by.
          <button type="button" class="icon-button message-more" aria-label={say.actions} title={say.actions} aria-expanded={menuOpen} tabIndex={-1} onClick={open}>
            <Icon name="more" />
          </button>
        )}
      </div>
      {message.reactions.length > 0 && <Reactions message={message} conversation={conversation} />}
      {message.thread && <ThreadLink message={message} conversation={conversation} />}
      {message.state === "queued" && <Waiting message={message} conversation={conversation} />}
      {message.state === "failed" && <Failed message={message} conversation={conversation} />}
      {message.change?.state === "failed" && <ChangeFailed change={message.change} conversation={conversation} />}
    </li>
  );
}

function Quote({ reply, conversation }: { reply: NonNullable<Message["reply"]>; conversation: Conversation }) {
  const known = reply.sender !== undefined && reply.body !== undefined;
  return (
    <button type="button" class="quote" onClick={() => void conversation.jumpTo(reply.event_id)}>
      {known ? (
        <>
          <bdi class="quote-name">{say.replyTo(reply.sender === conversation.account.userId ? say.you : conversation.nameOf(reply.sender ?? ""))}</bdi>
          <span class="quote-text" dir="auto">
            {reply.body && bodyWords(reply.body)}
          </span>
        </>
      ) : (
        say.replyToEarlier
      )}
    </button>
  );
}

function Meta({ message, conversation }: { message: Message; conversation: Conversation }) {
  const { acts } = conversation;
  const id = message.event_id ?? "";
  return (
    <span class="meta">
      {acts.pinned.value.includes(id) && <Sign icon="pin" text={say.pinned} />}
      {acts.starred.value.has(id) && <Sign icon="star" text={say.starred} />}
      {message.edited && (
        <button type="button" class="edited" onClick={() => (conversation.sheet.value = { kind: "edits", message })}>
          {say.edited}
        </button>
      )}
      <time dateTime={new Date(message.at).toISOString()} title={inFull(message.at)}>
        {clock(message.at)}
      </time>
      {message.mine && message.body.kind !== "deleted" && <Ticks message={message} conversation={conversation} />}
    </span>
  );
}

function Sign({ icon, text }: { icon: "pin" | "star"; text: string }) {
  return (
    <span class="sign" title={text}>
      <Icon name={icon} filled />
      <span class="visually-hidden">{text}</span>
    </span>
  );
}

/** How far an own message has come: on its way, at the server, on everyone's devices, before everyone's eyes. */
function Ticks({ message, conversation }: { message: Message; conversation: Conversation }) {
  const others = conversation.others;
  const received = message.state === "received";
  const [read, held] = [received && message.readers >= others, received && message.holders >= others];
  const icon = read || held ? "ticks" : ({ queued: "clock", sent: "tick", received: "tick", failed: "warning" } as const)[message.state];
  return (
    <span class={read ? "ticks ticks-read" : "ticks"} title={progress(message, others)}>
      <Icon name={icon} />
      <span class="visually-hidden">{progress(message, others)}</span>
    </span>
  );
}

function progress({ state, readers, holders }: Message, others: number): string {
  if (state !== "received") return say.sending[state];
  if (readers >= others) return say.sending.read;
  if (readers > 0) return say.sending.readBy(readers);
  if (holders >= others) return say.sending.delivered;
  return holders > 0 ? say.sending.deliveredTo(holders) : say.sending.received;
}

function Reactions({ message, conversation }: { message: Message; conversation: Conversation }) {
  return (
    <ul class="reactions">
      {message.reactions.map((one) => {
        const names = one.people.map((user) => (user === conversation.account.userId ? say.you : conversation.nameOf(user)));
        return (
          <li key={one.key}>
            <button type="button" class="reaction" aria-pressed={one.own !== undefined} title={say.reactionBy(one.key, names)} onClick={() => conversation.acts.react(message, one.key)}>
              <span aria-hidden="true">
                {shortened(one.key)} {one.people.length > 1 && one.people.length}
              </span>
              <span class="visually-hidden">{say.reactionBy(one.key, names)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** Reactions may be words, of any length. */
function shortened(key: string): string {
  const letters = [...key];
  return letters.length > 24 ? `${letters.slice(0, 24).join("")}…` : key;
}

function ThreadLink({ message, conversation }: { message: Message; conversation: Conversation }) {
  const { thread, event_id } = message;
  if (!thread || event_id === undefined) return null;
  return (
    <button type="button" class="thread-link" onClick={() => conversation.openThread(event_id)}>
      <Icon name="thread" />
      <span class="thread-count">{say.replies(thread.count)}</span>
      <span class="thread-latest">
        <bdi>{thread.sender === conversation.account.userId ? say.you : conversation.nameOf(thread.sender)}</bdi> {thread.at > 0 && clock(thread.at)}
      </span>
    </button>
  );
}

function Failed({ message, conversation }: { message: Message; conversation: Conversation }) {
  return <Refused text={worded(say.sendProblem, message.reason)} txnId={message.key} conversation={conversation} />;
}

function ChangeFailed({ change, conversation }: { change: NonNullable<Message["change"]>; conversation: Conversation }) {
  const text = change.type === "m.room.redaction" ? say.notDeleted : say.notEdited;
  return <Refused text={text} txnId={change.txn_id} conversation={conversation} />;
}

function Refused({ text, txnId, conversation }: { text: string; txnId: string; conversation: Conversation }) {
  return (
    <p class="failed" role="alert">
      <span>{text}</span>
      <button type="button" class="button-quiet" onClick={() => conversation.retry(txnId)}>
        {say.sending.retry}
      </button>
      <button type="button" class="button-quiet" onClick={() => conversation.discard(txnId)}>
        {say.sending.discard}
      </button>
    </p>
  );
}
