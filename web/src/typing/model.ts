// Saying that this person is typing, seldom enough to cost little and soon enough to be true.

import type { Client } from "../matrix/http";
import { sendTyping, typingMs } from "../matrix/room";

/** Without a key press for this long, nobody is typing any more. */
const idleMs = 6_000;

export class TypingNotice {
  #saidAt = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: Client,
    private readonly roomId: string,
  ) {}

  /** A key was pressed; `empty` when nothing is left of the text. */
  typed(empty: boolean): void {
    if (empty) return this.stop();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.stop(), idleMs);
    if (Date.now() - this.#saidAt < typingMs / 2) return;
    this.#saidAt = Date.now();
    this.#say(true);
  }

  /** The text was sent, cleared or left alone. */
  stop(): void {
    clearTimeout(this.#idle);
    if (this.#saidAt === 0) return;
    this.#saidAt = 0;
    this.#say(false);
  }

  /** A notice that does not arrive is not worth a second try. */
  #say(typing: boolean): void {
    sendTyping(this.client, this.roomId, typing).catch(() => undefined);
  }
}
