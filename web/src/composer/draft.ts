// What is being written in a conversation, and what it is about. The timeline says what is answered or edited; the composer
// reads it. A thread has a draft of its own.

import { batch, signal } from "@preact/signals";
import type { Piece } from "../attach/model";
import type { Body } from "../matrix/fold";
import type { Mention } from "./content";

/** The message that a draft answers or replaces, as it read when it was chosen. */
export interface Target {
  event_id: string;
  sender: string;
  body: Body;
}

/** A draft at rest. */
export interface Saved {
  text: string;
  mentions: Mention[];
  replyTo?: Target;
  editing?: Target;
  aside?: Saved;
}

const nothing: Saved = { text: "", mentions: [] };

export class Draft {
  readonly text = signal("");
  /** The people named in the text with @; those whose name was deleted again may still be here. */
  readonly mentions = signal<Mention[]>([]);
  /** The message that will be quoted. */
  readonly replyTo = signal<Target | undefined>(undefined);
  /** The own message that will be replaced. */
  readonly editing = signal<Target | undefined>(undefined);
  /** The first message of the thread that this is written in. */
  readonly thread = signal<string | undefined>(undefined);
  /** The files that go with it; these do not outlive the page. */
  readonly pieces = signal<Piece[]>([]);
  /** Grows when the composer should take the focus: something was chosen for it elsewhere. */
  readonly wanted = signal(0);
  /** What was being written before an edit began. */
  #aside: Saved = nothing;

  /** Answers a message. */
  reply(target: Target): void {
    batch(() => {
      if (this.editing.value) this.stopEditing();
      this.replyTo.value = target;
      this.wanted.value++;
    });
  }

  /** Begins to replace an own message. What was being written comes back afterwards. */
  edit(target: Target): void {
    if (!("text" in target.body)) return;
    const { text } = target.body;
    batch(() => {
      if (!this.editing.value) this.#aside = this.#plain();
      this.#put({ text, mentions: [], editing: target });
      this.wanted.value++;
    });
  }

  /** Leaves the message as it was, and goes back to what was being written before. */
  stopEditing(): void {
    if (this.editing.value) this.#put(this.#aside);
    this.#aside = nothing;
  }

  /** The message being edited is gone: what was written in its place stays, as a message of its own. */
  keepAsNew(): void {
    this.editing.value = undefined;
    this.#aside = nothing;
  }

  /** It was sent: after an edit comes back what was being written before it, else there is nothing. */
  clear(): void {
    if (this.editing.value) this.stopEditing();
    else this.#put(nothing);
  }

  /** For keeping it; undefined when there is nothing to keep. */
  saved(): Saved | undefined {
    const now = this.#plain();
    const editing = this.editing.value;
    if (editing) return { ...now, editing, aside: this.#aside };
    return now.text === "" && !now.replyTo ? undefined : now;
  }

  /** Takes up what was kept. */
  restore(saved: Saved): void {
    this.#aside = saved.aside ?? nothing;
    this.#put(saved);
  }

  #plain(): Saved {
    return { text: this.text.value, mentions: this.mentions.value, replyTo: this.replyTo.value };
  }

  #put(saved: Saved): void {
    batch(() => {
      this.text.value = saved.text;
      this.mentions.value = saved.mentions;
      this.replyTo.value = saved.replyTo;
      this.editing.value = saved.editing;
    });
  }
}
