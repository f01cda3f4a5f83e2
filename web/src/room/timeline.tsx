// The messages of a conversation. It stays at the newest while the reader is there, and keeps the reader's place otherwise,
// whatever is added above or below.

import { Component, createRef } from "preact";
import { Icon } from "../look/icon";
import type { Item } from "../matrix/fold";
import { ItemView } from "./message";
import type { Conversation } from "./model";
import { words } from "./words";

const say = words;

/** Items in the page to begin with, and more for each time the top comes near. */
const pageOfItems = 80;
/** Nearer to an edge than this (in pixels) counts as being there. */
const nearBottom = 60;
const nearTop = 600;
/** Room left above the mark of new messages, so that it is seen to be a beginning. */
const aboveMark = 12;

interface Place {
  bottom: boolean;
  key?: string;
  top: number;
}

interface State {
  shown: number;
  away: boolean;
  /** The newest item when the reader left the bottom. */
  leftAt?: string;
}

export class Timeline extends Component<{ conversation: Conversation }, State> {
  override state: State = { shown: pageOfItems, away: false };
  readonly #box = createRef<HTMLDivElement>();
  readonly #list = createRef<HTMLOListElement>();
  /** Whether the reader is at the newest message, and wants to stay there. */
  #stick = true;
  /** Where the list was last put or found. */
  #top = 0;
  /** The first message in the page. */
  #first: string | undefined;
  /** The latest message that brought its sender to the bottom. */
  #sent: string | undefined;
  #watcher: ResizeObserver | undefined;

  constructor(props: { conversation: Conversation }) {
    super(props);
    // Before the first rendering, which has to put the reader there.
    props.conversation.beginReading();
  }

  override componentDidMount(): void {
    this.#put(this.#box.current?.scrollHeight ?? 0);
    this.#toUnread();
    this.#watcher = new ResizeObserver(() => this.#settle());
    if (this.#box.current) this.#watcher.observe(this.#box.current);
    if (this.#list.current) this.#watcher.observe(this.#list.current);
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("focus", this.#look);
    this.#onScroll();
  }

  override componentWillUnmount(): void {
    this.#watcher?.disconnect();
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("focus", this.#look);
  }

  override getSnapshotBeforeUpdate(): Place {
    const box = this.#box.current;
    this.#notice();
    if (!box || this.#stick) return { bottom: true, top: 0 };
    const edge = box.getBoundingClientRect().top;
    // Days and notices come, go and merge as history is added; a message stays.
    for (const message of this.#list.current?.querySelectorAll<HTMLElement>(".message") ?? []) {
      const { top, bottom } = message.getBoundingClientRect();
      if (bottom > edge) return { bottom: false, key: message.dataset.key, top };
    }
    return { bottom: false, top: 0 };
  }

  override componentDidUpdate(_props: unknown, _state: unknown, place: Place): void {
    const box = this.#box.current;
    if (!box) return;
    if (place.bottom || this.#stick) this.#put(box.scrollHeight);
    else this.#keep(box, place);
    this.#look();
    if (box.scrollTop < nearTop && this.props.conversation.past.value !== "failed") this.#reachBack();
  }

  /** Begins where reading stopped. Only this list is scrolled, and never what is around it. */
  #toUnread(): void {
    const box = this.#box.current;
    const mark = this.#list.current?.querySelector(".unread-mark");
    if (!box || !mark) return;
    box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - aboveMark;
    this.#notice();
  }

  #keep(box: HTMLElement, place: Place): void {
    if (place.key === undefined) return;
    const anchor = this.#list.current?.querySelector(`[data-key="${CSS.escape(place.key)}"]`);
    if (anchor) this.#put(box.scrollTop + anchor.getBoundingClientRect().top - place.top);
  }

  #put(top: number): void {
    const box = this.#box.current;
    if (!box) return;
    box.scrollTop = top;
    this.#top = box.scrollTop;
  }

  /** Takes note of where the reader has scrolled, which the scroll event tells only with the next frame. */
  #notice(): void {
    const box = this.#box.current;
    if (!box || box.scrollTop === this.#top) return;
    this.#top = box.scrollTop;
    this.#stick = this.#atBottom();
  }

  #atBottom(): boolean {
    const box = this.#box.current;
    return !box || box.scrollHeight - box.scrollTop - box.clientHeight < nearBottom;
  }

  /** Sizes changed, by the window, the keyboard or the text: what was at the bottom stays there. */
  #settle(): void {
    const box = this.#box.current;
    this.#notice();
    if (box && this.#stick) this.#put(box.scrollHeight);
    this.#look();
  }

  readonly #onScroll = (): void => {
    this.#notice();
    const bottom = this.#stick;
    const latest = this.#items().at(-1)?.key;
    if (bottom === this.state.away) this.setState(bottom ? { away: false, leftAt: undefined } : { away: true, leftAt: latest });
    this.#look();
    if ((this.#box.current?.scrollTop ?? nearTop) < nearTop && this.props.conversation.past.value !== "failed") this.#reachBack();
  };

  /** Reading is: at the bottom, in a window that is in front. */
  readonly #look = (): void => {
    if (this.#stick && document.visibilityState === "visible" && document.hasFocus()) this.props.conversation.seen();
  };

  #items(): Item[] {
    return this.props.conversation.items.value;
  }

  /** Shows more of what is loaded, or loads more. */
  #reachBack(): void {
    if (this.state.shown < this.#items().length) this.setState({ shown: this.state.shown + pageOfItems });
    else void this.props.conversation.older();
  }

  readonly #toBottom = (): void => {
    this.#stick = true;
    this.setState({ shown: pageOfItems, away: false, leftAt: undefined });
    this.#box.current?.focus();
    this.#settle();
  };

  override render() {
    const { conversation } = this.props;
    const items = conversation.items.value;
    const shown = items.slice(this.#start(items));
    const isAll = shown.length === items.length;
    const last = items.at(-1);
    // Sending brings the sender to the newest message, wherever they were reading.
    if (last?.kind === "message" && last.mine && last.state === "queued" && last.key !== this.#sent) {
      this.#sent = last.key;
      this.#stick = true;
    }
    return (
      <div class="timeline-place">
        <div class="timeline" ref={this.#box} onScroll={this.#onScroll} tabIndex={0} role="region" aria-label={say.messages}>
          <Past conversation={conversation} isAll={isAll} />
          <ol ref={this.#list}>
            {shown.map((item) => (
              <ItemView key={item.key} item={item} conversation={conversation} />
            ))}
          </ol>
        </div>
        {this.state.away && <ToLatest count={this.#missed(items)} onClick={this.#toBottom} />}
      </div>
    );
  }

  /** Which item is the first in the page: while the reader is away from the bottom, none that was there is taken away. */
  #start(items: Item[]): number {
    const least = Math.max(0, items.length - this.state.shown);
    const held = this.state.away ? items.findIndex((item) => item.key === this.#first) : -1;
    const start = held < 0 ? least : Math.min(held, least);
    this.#first = items.slice(start).find((item) => item.kind === "message")?.key;
    return start;
  }

  /** Messages that arrived since the reader left the bottom. */
  #missed(items: Item[]): number {
    const from = items.findIndex((item) => item.key === this.state.leftAt);
    return from < 0 ? 0 : items.slice(from + 1).filter((item) => item.kind === "message" && !item.mine).length;
  }
}

function Past({ conversation, isAll }: { conversation: Conversation; isAll: boolean }) {
  const past = conversation.past.value;
  if (past === "failed") {
    return (
      <p class="past">
        {say.olderFailed}{" "}
        <button type="button" class="button-quiet" onClick={() => void conversation.older()}>
          {words.sending.retry}
        </button>
      </p>
    );
  }
  if (past === "start" && isAll) return <p class="past">{say.start}</p>;
  return <p class="past">{past === "loading" ? say.older : "\u00a0"}</p>;
}

function ToLatest({ count, onClick }: { count: number; onClick: () => void }) {
  return (
    <button type="button" class="to-latest" onClick={onClick} aria-label={count > 0 ? undefined : say.latest}>
      {count > 0 && <span>{say.latestUnread(count)}</span>}
      <Icon name="down" />
    </button>
  );
}
