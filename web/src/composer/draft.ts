// What is being written in a conversation, and what it is about. The timeline says what is answered or edited; the composer
// reads it. A thread has a draft of its own.

import { batch, signal } from "@preact/signals";
import type { Body } from "../matrix/fold";

/** The message that a draft answers or replaces, as it read when it was chosen. */
export interface Target {
  event_id: string;
  sender: string;
  body: Body;
}

export class Draft {
  readonly text = signal("");
  /** The message that will be quoted. */
  readonly replyTo = signal<Target | undefined>(undefined);
  /** The own message that will be replaced. */
  readonly editing = signal<Target | undefined>(undefined);
  /** The first message of the thread that this is written in. */
  readonly thread = signal<string | undefined>(undefined);
  /** Grows when the composer should take the focus: something was chosen for it elsewhere. */
  readonly wanted = signal(0);

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
      if (!this.editing.value) this.#aside = { text: this.text.value, replyTo: this.replyTo.value };
      this.replyTo.value = undefined;
      this.editing.value = target;
      this.text.value = text;
      this.wanted.value++;
    });
  }

  /** Leaves the message as it was. */
  stopEditing(): void {
    const { text, replyTo } = this.#aside;
    batch(() => {
      this.editing.value = undefined;
      this.text.value = text;
      this.replyTo.value = replyTo;
      this.#aside = { text: "" };
    });
  }

  /** Nothing is being written any more: it was sent. */
  clear(): void {
    if (this.editing.value) return this.stopEditing();
    batch(() => {
      this.text.value = "";
      this.replyTo.value = undefined;
    });
  }

  #aside: { text: string; replyTo?: Target } = { text: "" };
}
