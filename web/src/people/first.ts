// The first message to somebody: who they are stands above it until it is sent, and only then is there a conversation.

import { signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { isTransient, MatrixError } from "../matrix/http";
import { openDirect } from "./direct";
import type { Person } from "./person";

export type Sending = "no" | "busy" | "unreachable" | "refused" | "limited";

export class FirstMessage {
  readonly text = signal("");
  readonly sending = signal<Sending>("no");

  constructor(
    private readonly account: Account,
    readonly to: Person,
  ) {}

  /** Sends it; the id of the conversation, or nothing when that did not work: then the text is still here. */
  async send(): Promise<string | undefined> {
    const body = this.text.value.trim();
    if (body === "" || this.sending.value === "busy") return undefined;
    this.sending.value = "busy";
    try {
      const roomId = await openDirect(this.account, this.to.user_id);
      await this.account.outbox.add(roomId, "m.room.message", { msgtype: "m.text", body, "m.mentions": {} });
      this.text.value = "";
      this.sending.value = "no";
      return roomId;
    } catch (error) {
      this.sending.value = why(error);
      return undefined;
    }
  }
}

function why(error: unknown): Sending {
  if (error instanceof MatrixError && error.status === 429) return "limited";
  return isTransient(error) ? "unreachable" : "refused";
}

/** Whom the first message is for; the address does not say, so that no name stands in it. */
export const recipient = signal<Person | undefined>(undefined);
