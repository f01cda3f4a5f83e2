// The message being written in one conversation or thread: its text, what it answers, the files that go with it, and what is
// worth knowing before it is sent.

import { batch, computed, effect, signal } from "@preact/signals";
import { voiceContent, type Measure, type Voice } from "../attach/content";
import { Tray } from "../attach/model";
import type { Account } from "../matrix/account";
import type { Change } from "../matrix/changes";
import { isRedacted, redactionTarget, type Content, type MatrixEvent } from "../matrix/event";
import { members } from "../matrix/members";
import { TypingNotice } from "../typing/model";
import { editContent, messageContent, relation, sizeOf, standing, type Written } from "./content";
import type { Draft, Saved, Target } from "./draft";
import { identifiersIn, type Kind } from "./identifiers";
import { matching, queryAt, withName, type Candidate, type Query } from "./mention";
import { QuickReplies } from "./quick";

/** Kept this long after the last change. */
const saveMs = 300;

/** What the composer asks of the conversation around it. */
export interface Around {
  /** The latest own message that can be edited. */
  lastOwn(): Target | undefined;
  /** A message goes out. */
  sending(): void;
}

/** What changed under the writer's hands. */
export type Notice = "reply deleted" | "edit deleted";

export class Composer {
  readonly tray: Tray;
  readonly quick: QuickReplies;
  /** What became of the message that is answered or edited; until the next message is sent or the notice put away. */
  readonly notice = signal<Notice | undefined>(undefined);
  /** The people offered for the name at the caret, and the one that Enter takes. */
  readonly offered = signal<Candidate[]>([]);
  readonly chosen = signal(0);
  /** Kinds of identifier that the writer was told of and decided to keep in this message. */
  readonly #accepted = signal<ReadonlySet<Kind>>(new Set());
  readonly #typing: TypingNotice;
  readonly #undo: (() => void)[] = [];
  #people: Candidate[] | undefined;
  #query: Query | undefined;
  #restored = false;
  #save: ReturnType<typeof setTimeout> | undefined;

  /** Whether the text or the files can be sent as they are. */
  readonly ready = computed(() => {
    if (this.size.value.state === "over") return false;
    if (this.tray.pieces.value.length > 0) return this.tray.ready.value;
    return this.draft.text.value.trim() !== "";
  });

  /** How near the text is to the most that a message can hold. */
  readonly size = computed(() => {
    const text = this.draft.text.value;
    return sizeOf(text, () => this.#content(text));
  });

  /** What in the text looks like it could identify a patient, less what the writer decided to keep. */
  readonly identifiers = computed(() => identifiersIn(this.draft.text.value, Date.now()).filter((kind) => !this.#accepted.value.has(kind)));

  constructor(
    private readonly account: Account,
    readonly roomId: string,
    readonly draft: Draft,
    private readonly around: Around,
    measure?: (file: Blob) => Promise<Measure>,
  ) {
    this.tray = new Tray(account, draft.pieces, measure);
    this.quick = new QuickReplies(account);
    this.#typing = new TypingNotice(account.client, roomId);
    this.#undo.push(account.store.changes.listen((change) => this.#apply(change)));
    this.#undo.push(effect(() => this.#keep(this.draft.saved())));
    void this.#restore();
  }

  /** The text changed, with the caret here. */
  typed(text: string, caret = text.length): void {
    batch(() => {
      this.draft.text.value = text;
      this.moved(caret);
    });
    this.#typing.typed(text.trim() === "");
  }

  /** The caret moved: another name may be under it. */
  moved(caret: number): void {
    this.#query = queryAt(this.draft.text.value, caret);
    if (!this.#query) return this.closeNames();
    const people = this.#people;
    if (!people) void this.#loadPeople();
    this.offered.value = matching(people ?? [], this.#query.typed, this.account.userId);
    this.chosen.value = 0;
  }

  /** Moves the choice among the names offered, around the ends. */
  choose(step: 1 | -1): void {
    const count = this.offered.value.length;
    if (count > 0) this.chosen.value = (this.chosen.value + step + count) % count;
  }

  /** Puts a name into the text; answers where the caret belongs. */
  name(person = this.offered.value[this.chosen.value]): number | undefined {
    if (!person || !this.#query) return undefined;
    const { text, caret } = withName(this.draft.text.value, this.#query, person.name);
    batch(() => {
      this.draft.mentions.value = [...standing(this.draft.text.value, this.draft.mentions.value), { user_id: person.user_id, name: person.name }];
      this.draft.text.value = text;
      this.closeNames();
    });
    return caret;
  }

  closeNames(): void {
    this.#query = undefined;
    this.offered.value = [];
  }

  /** The writer has read the hint, and keeps the text as it is. */
  acceptIdentifiers(): void {
    this.#accepted.value = new Set([...this.#accepted.value, ...this.identifiers.value]);
  }

  /** Begins to edit the latest own message, if nothing is being written. Answers whether it did. */
  editLast(): boolean {
    const { text, editing } = this.draft;
    const last = text.value === "" && !editing.value && this.tray.pieces.value.length === 0 ? this.around.lastOwn() : undefined;
    if (last) this.draft.edit(last);
    return last !== undefined;
  }

  /** Stops answering or editing. Answers whether there was something to stop. */
  cancel(): boolean {
    const { replyTo, editing } = this.draft;
    const had = replyTo.value !== undefined || editing.value !== undefined;
    if (editing.value) this.draft.stopEditing();
    else replyTo.value = undefined;
    this.notice.value = undefined;
    return had;
  }

  /** Sends what has been written and chosen, if it can be sent. */
  send(): void {
    if (!this.ready.value) return;
    const text = this.draft.text.value.trim();
    const editing = this.draft.editing.value;
    if (editing) this.#sendEdit(text, editing);
    else this.#sendNew(text);
    this.#typing.stop();
    batch(() => {
      this.draft.clear();
      this.notice.value = undefined;
      this.#accepted.value = new Set();
      this.closeNames();
    });
  }

  /** Sends a sentence without touching what is being written. */
  sendQuick(text: string): void {
    this.#add(messageContent({ text, mentions: [], me: this.account.userId, thread: this.draft.thread.value }));
  }

  /** Sends a voice note; it answers what the draft answers. */
  sendVoice(file: File, voice: Voice): void {
    this.#add(this.#related(voiceContent(file, voice)), file);
    this.draft.replyTo.value = undefined;
  }

  /** The conversation leaves the front. */
  left(): void {
    this.#typing.stop();
    this.closeNames();
  }

  close(): void {
    this.left();
    for (const step of this.#undo) step();
    this.quick.close();
    this.keepNow();
  }

  /** Keeps what has just been written without waiting: the page may be about to go. */
  keepNow(): void {
    if (this.#save === undefined) return;
    clearTimeout(this.#save);
    this.#write(this.draft.saved());
  }

  #sendEdit(text: string, editing: Target): void {
    if ("text" in editing.body && editing.body.text === text) return;
    this.#add(editContent(this.#written(text), editing.event_id));
  }

  #sendNew(text: string): void {
    const pieces = this.tray.pieces.value;
    if (pieces.length === 0) return this.#add(messageContent(this.#written(text)));
    // One file takes the text as its caption. Several have their own, and the text follows them.
    const [only] = pieces.length === 1 ? pieces : [];
    for (const [place, piece] of pieces.entries()) {
      const { content, file } = this.tray.message(piece, only ? text : piece.caption.value.trim());
      this.#add(place === 0 ? this.#related(content) : this.#threaded(content), file);
    }
    if (!only && text !== "") this.#add(messageContent({ ...this.#written(text), replyTo: undefined }));
    this.tray.clear();
  }

  /** A failure is shown on the message itself. */
  #add(content: Content, file?: Blob): void {
    this.around.sending();
    this.account.outbox.add(this.roomId, "m.room.message", content, file).catch(() => undefined);
  }

  #related(content: Content): Content {
    const relates = relation(this.#written(""));
    return relates ? { ...content, "m.relates_to": relates } : content;
  }

  #threaded(content: Content): Content {
    const relates = relation({ thread: this.draft.thread.value });
    return relates ? { ...content, "m.relates_to": relates } : content;
  }

  #content(text: string): Content {
    const editing = this.draft.editing.value;
    return editing ? editContent(this.#written(text), editing.event_id) : messageContent(this.#written(text));
  }

  #written(text: string): Written {
    const { mentions, replyTo, thread } = this.draft;
    return { text, mentions: mentions.value, replyTo: replyTo.value, thread: thread.value, me: this.account.userId };
  }

  async #loadPeople(): Promise<void> {
    this.#people = [];
    this.#people = await members(this.account, this.roomId);
    if (this.#query) this.offered.value = matching(this.#people, this.#query.typed, this.account.userId);
  }

  #apply(change: Change): void {
    for (const timeline of change.timelines ?? []) if (timeline.room_id === this.roomId) this.#notice(timeline.events);
    // Someone joined or left: the names are asked for anew when next needed.
    if (change.members?.some((one) => one.room_id === this.roomId)) this.#people = undefined;
  }

  /** What is being answered or edited may be deleted meanwhile: its words go from the screen, and what was written stays. */
  #notice(events: MatrixEvent[]): void {
    const wanted = [this.draft.replyTo.value?.event_id, this.draft.editing.value?.event_id].filter((one) => one !== undefined);
    if (wanted.length === 0) return;
    const gone = new Set(events.flatMap((event) => [isRedacted(event) ? event.event_id : undefined, redactionTarget(event)]));
    if (!wanted.some((one) => gone.has(one))) return;
    batch(() => {
      this.notice.value = this.draft.editing.value ? "edit deleted" : "reply deleted";
      if (this.draft.editing.value) this.draft.keepAsNew();
      else this.draft.replyTo.value = undefined;
    });
  }

  get #name(): string {
    const thread = this.draft.thread.value;
    return thread === undefined ? this.roomId : `${this.roomId} ${thread}`;
  }

  async #restore(): Promise<void> {
    const { store } = this.account;
    const saved = (await store.draft(this.#name).catch(() => undefined)) as Saved | undefined;
    // Whoever was quicker to write than the store to answer keeps what they wrote.
    if (saved && !this.draft.saved()) this.draft.restore(saved);
    this.#restored = true;
    // Nothing written yet is no reason to forget what is stored: another page may be storing it this moment.
    if (this.draft.saved()) this.#keep(this.draft.saved());
    // Deleted while nobody looked here.
    this.#notice((await store.conversation(this.roomId).catch(() => undefined))?.timeline?.events ?? []);
  }

  #keep(saved: Saved | undefined): void {
    clearTimeout(this.#save);
    this.#save = undefined;
    if (!this.#restored) return;
    // What was sent is forgotten at once, so that a restart does not bring it back to be sent twice.
    if (!saved) this.#write(undefined);
    else this.#save = setTimeout(() => this.#write(saved), saveMs);
  }

  #write(saved: Saved | undefined): void {
    this.#save = undefined;
    this.account.store.saveDraft(this.#name, saved).catch(() => undefined);
  }
}
