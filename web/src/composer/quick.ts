// Quick replies: a few sentences that a person sends often, kept in their account data so that they are on every device.

import { computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { words } from "./words";

/** The type of the account data. */
export const quickType = "org.wardline.quick_replies";
export const mostReplies = 20;
export const longestReply = 200;

export class QuickReplies {
  readonly saving = signal<"no" | "busy" | "failed">("no");
  readonly #own = signal<string[] | undefined>(undefined);
  readonly #unlisten: () => void;

  /** The person's own, or those that everyone begins with. */
  readonly list = computed(() => this.#own.value ?? [words.quick.onMyWay, words.quick.callMe, words.quick.seen, words.quick.later, words.quick.thanks]);

  constructor(private readonly account: Account) {
    this.#unlisten = account.store.changes.listen((change) => {
      for (const one of change.data ?? []) if (one.type === quickType) this.#own.value = read(one.content);
    });
    void account.store.data(quickType).then((content) => {
      this.#own.value ??= content && read(content);
    });
  }

  /** Replaces the whole set, on every device. Answers whether the server has it. */
  async save(replies: string[]): Promise<boolean> {
    const kept = replies.map((one) => one.trim().slice(0, longestReply)).filter((one) => one !== "").slice(0, mostReplies);
    const content = { replies: kept };
    this.saving.value = "busy";
    try {
      await this.account.client.call("PUT", `/_matrix/client/v3/user/${encodeURIComponent(this.account.userId)}/account_data/${quickType}`, { body: content });
      await this.account.store.putData({ type: quickType, content });
      this.saving.value = "no";
      return true;
    } catch {
      this.saving.value = "failed";
      return false;
    }
  }

  close(): void {
    this.#unlisten();
  }
}

function read(content: Record<string, unknown>): string[] | undefined {
  if (!Array.isArray(content.replies)) return undefined;
  return content.replies.filter((one): one is string => typeof one === "string" && one.trim() !== "").map((one) => one.slice(0, longestReply)).slice(0, mostReplies);
}
