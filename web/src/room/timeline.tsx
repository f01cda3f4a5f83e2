// The messages of a conversation or a thread. Only those near the screen are in the page. The list stays at the newest while
// the reader is there, and keeps the reader's place otherwise, whatever is added, taken away or grows above or below.

import { Component, createRef } from "preact";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import type { Place } from "../look/menu";
import type { Item, Message } from "../matrix/fold";
import { Geometry, type Range } from "./geometry";
import { guess } from "./guess";
import { ItemView } from "./item";
import { MessageMenu } from "./menu";
import type { Conversation } from "./model";
import type { Goal, Reading } from "./reading";
import { words as say } from "./words";

/** Nearer to the end than this counts as being there. Pixels, as all here. */
const nearEnd = 60;
/** Nearer to an end of what is loaded than this, more is loaded. */
const nearEdge = 1_200;
/** Room left above the mark of new messages, so that it is seen to be a beginning. */
const aboveMark = 12;
/** How long a message that was jumped to stands out, in milliseconds. */
const standsOutMs = 2_500;
/** A finger that rests this long asks for the menu, in milliseconds; one that moves further than this scrolls. */
const longPressMs = 500;
const stillPx = 10;

interface Props {
  conversation: Conversation;
  reading: Reading;
  /** What the list is called to those who do not see it, and what stands before the first of its messages. */
  label: string;
  beginning: string;
}

/** What the reader's place is told by: a message, and how far its edge, the upper or the lower, is below that of the screen. */
interface Anchor {
  key: string;
  edge: "upper" | "lower";
  below: number;
}

interface State {
  away: boolean;
  /** The message that stands out, because it was jumped to. */
  found?: string;
  menu?: { message: Message; place: Place };
}

export class Timeline extends Component<Props, State> {
  override state: State = { away: false };
  readonly #box = createRef<HTMLDivElement>();
  readonly #list = createRef<HTMLOListElement>();
  readonly #geometry = new Geometry();
  #items: Item[] = [];
  #range: Range = { from: 0, to: 0 };
  /** Whether the reader is at the newest message, and wants to stay there. */
  #stick = true;
  #anchor: Anchor | undefined;
  /** Where the list was last put or found, and the height of what is seen of it. */
  #y = 0;
  #seen = 800;
  #width = 0;
  /** The lowest message that was on the screen. */
  #furthest: string | undefined;
  /** Where the box was last seen or put. */
  #top = 0;
  #goal: Goal | undefined;
  #watcher: ResizeObserver | undefined;
  #fading: ReturnType<typeof setTimeout> | undefined;
  #press: { timer: ReturnType<typeof setTimeout>; x: number; y: number } | undefined;

  constructor(props: Props) {
    super(props);
    // Before the first rendering, which has to put the reader there.
    props.reading.beginReading();
  }

  override componentDidMount(): void {
    this.#seen = this.#box.current?.clientHeight ?? this.#seen;
    this.#width = this.#box.current?.clientWidth ?? 0;
    this.#settle();
    this.#watcher = new ResizeObserver(() => this.#resized());
    if (this.#box.current) this.#watcher.observe(this.#box.current);
    if (this.#list.current) this.#watcher.observe(this.#list.current);
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("focus", this.#look);
  }

  override componentWillUnmount(): void {
    this.#watcher?.disconnect();
    clearTimeout(this.#fading);
    this.#pressEnds();
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("focus", this.#look);
  }

  override getSnapshotBeforeUpdate(): boolean {
    return this.#list.current?.contains(document.activeElement) ?? false;
  }

  override componentDidUpdate(_props: unknown, _state: unknown, hadFocus: boolean): void {
    this.#settle();
    // The message that had the focus is no longer in the page.
    if (hadFocus && document.activeElement === document.body) this.#box.current?.focus({ preventScroll: true });
  }

  override render() {
    const { conversation, reading, label, beginning } = this.props;
    this.#take(reading.items.value);
    this.#aim(reading.goal.value);
    const y = this.#wanted();
    this.#range = this.#geometry.between(y - this.#spare, y + this.#seen + this.#spare);
    const { menu, found } = this.state;
    const future = reading.future.value;
    const away = this.state.away || future !== "live";
    return (
      <div class="timeline-place">
        <div
          class="timeline"
          ref={this.#box}
          tabIndex={0}
          role="region"
          aria-label={label}
          onScroll={this.#onScroll}
          onKeyDown={this.#onKeyDown}
          onContextMenu={this.#onContextMenu}
          onPointerDown={this.#onPointerDown}
          onPointerMove={this.#onPointerMove}
          onPointerUp={this.#pressEnds}
          onPointerCancel={this.#pressEnds}
        >
          <Past reading={reading} beginning={beginning} />
          <ol ref={this.#list}>
            {this.#items.slice(this.#range.from, this.#range.to).map((item) => (
              <ItemView key={item.key} item={item} conversation={conversation} found={item.key === found} menuOpen={item.key === menu?.message.key} onMenu={this.#openMenu} />
            ))}
          </ol>
          {future !== "live" && <Ahead reading={reading} />}
        </div>
        {away && <ToLatest count={this.#unseen() + reading.beyond.value} onClick={this.#toLatest} />}
        {menu && <MessageMenu conversation={conversation} message={menu.message} place={menu.place} onClose={() => this.setState({ menu: undefined })} />}
      </div>
    );
  }

  /** How much more than the screen is in the page, above it and below. */
  get #spare(): number {
    return Math.max(600, this.#seen);
  }

  #take(items: Item[]): void {
    if (items === this.#items) return;
    this.#items = items;
    this.#geometry.set(
      items.map((item) => item.key),
      items.map((item) => guess(item, this.#width)),
    );
  }

  /** Turns to where the reader is to be brought. */
  #aim(goal: Goal | undefined): void {
    if (!goal || goal === this.#goal) return;
    if (goal.to === "latest") {
      this.#stick = true;
      this.#goal = goal;
      return;
    }
    const at = this.#items.findIndex((item) => (goal.to === "unread" ? item.kind === "unread" : item.kind === "message" && item.event_id === goal.event_id));
    const key = this.#items[at]?.key;
    if (key === undefined && goal.to === "message" && this.props.reading.past.value === "loading") return;
    this.#goal = goal;
    if (key === undefined) return;
    this.#stick = false;
    this.#anchor = { key, edge: "upper", below: goal.to === "unread" ? aboveMark : this.#seen / 4 };
    if (goal.to === "message") this.#find(key);
  }

  /** Makes a message stand out for a while, and gives it the focus. */
  #find(key: string): void {
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => this.setState({ found: undefined }), standsOutMs);
    queueMicrotask(() => this.setState({ found: key }, () => this.#element(key)?.focus({ preventScroll: true })));
  }

  /** Where the upper edge of the screen should be in the list. */
  #wanted(): number {
    const end = Math.max(0, this.#geometry.total - this.#seen);
    if (this.#stick) return end;
    const at = this.#anchor && this.#geometry.place(this.#anchor.key);
    if (at === undefined || !this.#anchor) return Math.min(this.#y, end);
    return this.#geometry.top(this.#anchor.edge === "upper" ? at : at + 1) - this.#anchor.below;
  }

  /** After a rendering: measures what came into the page, and puts the reader where they were. */
  #settle(): void {
    const [box, list] = [this.#box.current, this.#list.current];
    if (!box || !list) return;
    this.#geometry.measure(heights(list));
    const { from, to } = this.#range;
    list.style.paddingTop = `${this.#geometry.top(from)}px`;
    list.style.paddingBottom = `${this.#geometry.total - this.#geometry.top(to)}px`;
    const top = this.#stick ? box.scrollHeight - box.clientHeight : this.#wanted() + list.offsetTop;
    if (Math.abs(box.scrollTop - top) >= 1) box.scrollTop = top;
    this.#notice(false);
    const { from: first, to: last } = this.#geometry.between(this.#y, this.#y + this.#seen);
    if (first < from || last > to) this.forceUpdate();
    this.#look();
    this.#reach();
  }

  /** Takes note of where the list is, which scrolling tells only with the next frame. */
  #notice(scrolled: boolean): void {
    const [box, list] = [this.#box.current, this.#list.current];
    if (!box || !list) return;
    this.#y = box.scrollTop - list.offsetTop;
    this.#seen = box.clientHeight;
    // Only the reader scrolls upwards. What came meanwhile, or a field that grew, is no reason to leave the end.
    const stays = this.#stick && box.scrollTop >= this.#top;
    if (scrolled) this.#stick = (stays || box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd) && this.props.reading.future.value === "live";
    this.#top = box.scrollTop;
    this.#anchor = this.#anchorAt(this.#y) ?? this.#anchor;
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
    // Brought to a mark with nothing below the screen: the reader is at the newest, and follows what comes.
    if (!scrolled && end && this.props.reading.future.value === "live") this.#stick = true;
    this.props.reading.at(end);
    this.#advance();
    if (this.state.away === end) this.setState({ away: !end });
  }

  /**
   * Days and notices come, go and merge as history is added; a message stays. So does all below its lower edge, while its
   * upper one moves when it becomes one of a group.
   */
  #anchorAt(y: number): Anchor | undefined {
    const first = this.#geometry.at(y);
    for (let at = first; at < Math.min(first + 12, this.#items.length); at++) {
      const item = this.#items[at];
      if (item?.kind === "message" && this.#geometry.top(at + 1) > y) return { key: item.key, edge: "lower", below: this.#geometry.top(at + 1) - y };
    }
    return undefined;
  }

  /** Remembers the lowest message that was on the screen. */
  #advance(): void {
    const at = this.#geometry.at(this.#y + this.#seen);
    const before = this.#furthest === undefined ? -1 : (this.#geometry.place(this.#furthest) ?? -1);
    if (at > before) this.#furthest = this.#geometry.key(at);
  }

  /** Messages of others below the lowest that was on the screen. */
  #unseen(): number {
    const from = this.#furthest === undefined ? undefined : this.#geometry.place(this.#furthest);
    return from === undefined ? 0 : this.#items.slice(from + 1).filter((item) => item.kind === "message" && !item.mine).length;
  }

  #resized(): void {
    const box = this.#box.current;
    if (!box) return;
    if (box.clientWidth !== this.#width) {
      this.#width = box.clientWidth;
      this.#geometry.forget();
    }
    this.#seen = box.clientHeight;
    this.#settle();
  }

  readonly #onScroll = (): void => {
    this.#notice(true);
    this.#pressEnds();
    const { from, to } = this.#range;
    const [above, below] = [this.#y - this.#geometry.top(from), this.#geometry.top(to) - this.#y - this.#seen];
    const short = (above < this.#spare / 2 && from > 0) || (below < this.#spare / 2 && to < this.#items.length);
    if (short) this.forceUpdate();
    else this.#reach();
    this.#look();
  };

  /** Reading is: at the newest, in a window that is in front. */
  readonly #look = (): void => {
    if (this.#stick && document.visibilityState === "visible" && document.hasFocus()) this.props.reading.seen();
  };

  /** Loads more where the reader comes near the end of what is loaded. */
  #reach(): void {
    const { reading } = this.props;
    if (this.#y < nearEdge && reading.past.value === "more") void reading.older();
    if (this.#geometry.total - this.#y - this.#seen < nearEdge && reading.future.value === "more") void reading.newer();
  }

  readonly #toLatest = (): void => {
    this.props.reading.toLatest();
    this.#box.current?.focus();
  };

  readonly #openMenu = (message: Message, place: Place): void => {
    this.setState({ menu: { message, place } });
  };

  #element(key: string): HTMLElement | undefined {
    return this.#list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined;
  }

  #messageOf(target: EventTarget | null): { message: Message; element: HTMLElement } | undefined {
    const element = target instanceof Element ? target.closest<HTMLElement>("[data-key]") : null;
    const item = this.#items.find((one) => one.key === element?.dataset.key);
    return element && item?.kind === "message" ? { message: item, element } : undefined;
  }

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.#messageOf(event.target);
    const onMessage = at !== undefined && event.target === at.element;
    if (event.key === "End") {
      event.preventDefault();
      return this.#toLatest();
    }
    if ((event.key === "ArrowUp" || event.key === "ArrowDown") && (onMessage || event.target === this.#box.current)) {
      event.preventDefault();
      return this.#step(at?.message.key, event.key === "ArrowUp" ? -1 : 1);
    }
    if (onMessage && event.key === "Enter") {
      event.preventDefault();
      this.#openMenu(at.message, bubbleOf(at.element));
    }
  };

  /** Moves the focus to the message before or after, or to the lowest on the screen to begin with. */
  #step(from: string | undefined, by: -1 | 1): void {
    let at = from === undefined ? this.#geometry.at(this.#y + this.#seen - 1) + (by < 0 ? 1 : 0) : (this.#geometry.place(from) ?? 0);
    do at += by;
    while (this.#items[at] !== undefined && this.#items[at]?.kind !== "message");
    const key = this.#items[at]?.key;
    const element = key === undefined ? undefined : this.#element(key);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  readonly #onContextMenu = (event: MouseEvent): void => {
    const at = this.#messageOf(event.target);
    // A selection, a link or a picture has the browser's own menu.
    if (!at || (event.target as Element).closest("a, video") || String(getSelection() ?? "") !== "") return;
    event.preventDefault();
    this.#pressEnds();
    const keyboard = event.clientX === 0 && event.clientY === 0;
    const [x, y] = [event.clientX, event.clientY];
    this.#openMenu(at.message, keyboard ? bubbleOf(at.element) : { left: x, right: x, top: y, bottom: y });
  };

  /** Browsers of iPhones tell a long press in no other way. */
  readonly #onPointerDown = (event: PointerEvent): void => {
    this.#pressEnds();
    const at = event.pointerType === "touch" ? this.#messageOf(event.target) : undefined;
    if (!at) return;
    const [x, y] = [event.clientX, event.clientY];
    const timer = setTimeout(() => this.#openMenu(at.message, { left: x, right: x, top: y, bottom: y }), longPressMs);
    this.#press = { timer, x, y };
  };

  readonly #onPointerMove = (event: PointerEvent): void => {
    if (this.#press && Math.hypot(event.clientX - this.#press.x, event.clientY - this.#press.y) > stillPx) this.#pressEnds();
  };

  readonly #pressEnds = (): void => {
    clearTimeout(this.#press?.timer);
    this.#press = undefined;
  };
}

function bubbleOf(element: HTMLElement): Place {
  return (element.querySelector(".bubble") ?? element).getBoundingClientRect();
}

function* heights(list: HTMLElement): Generator<readonly [string, number]> {
  for (const element of list.children) {
    const { key } = (element as HTMLElement).dataset;
    if (key !== undefined) yield [key, element.getBoundingClientRect().height];
  }
}

function Past({ reading, beginning }: { reading: Reading; beginning: string }) {
  const past = reading.past.value;
  if (past === "failed") {
    return (
      <p class="edge">
        {say.olderFailed}{" "}
        <button type="button" class="button-quiet" onClick={() => void reading.older()}>
          {say.sending.retry}
        </button>
      </p>
    );
  }
  return <p class="edge">{past === "start" ? beginning : past === "loading" ? say.older : "\u00a0"}</p>;
}

/** The end of what is loaded, where later messages are missing. */
function Ahead({ reading }: { reading: Reading }) {
  const future = reading.future.value;
  if (future === "loading") return <p class="edge">{say.newer}</p>;
  return (
    <p class="edge">
      {future === "failed" && say.newerFailed}{" "}
      <button type="button" class="button-quiet" onClick={() => void reading.newer()}>
        {say.loadNewer}
      </button>
    </p>
  );
}

function ToLatest({ count, onClick }: { count: number; onClick: () => void }) {
  if (count === 0) return <IconButton class="to-latest" icon="down" label={say.latest} onClick={onClick} />;
  return (
    <button type="button" class="to-latest" onClick={onClick}>
      <span>{say.latestUnread(count)}</span>
      <Icon name="down" />
    </button>
  );
}
