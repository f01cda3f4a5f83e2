// The groups that anyone may join, as far as they were asked for.

import { batch, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { join } from "../matrix/room";
import { openGroups, type OpenGroup } from "./requests";

/** Pause in typing before the server is asked, in milliseconds. */
const pauseMs = 250;

export class OpenGroups {
  readonly term = signal("");
  readonly state = signal<"loading" | "loaded" | "failed">("loading");
  readonly groups = signal<readonly OpenGroup[]>([]);
  readonly hasMore = signal(false);
  /** The group that is being joined. */
  readonly joining = signal<string | undefined>(undefined);
  #next: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request = new AbortController();

  constructor(private readonly account: Account) {
    void this.load();
  }

  typed(term: string): void {
    this.term.value = term;
    this.stop();
    this.#timer = setTimeout(() => void this.load(), pauseMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#request.abort();
  }

  /** The first page for what is typed; `more` is the next one. */
  async load(more = false): Promise<void> {
    this.#request = new AbortController();
    const { signal: stopped } = this.#request;
    this.state.value = "loading";
    try {
      const page = await openGroups(this.account.client, this.term.value.trim(), more ? this.#next : undefined, stopped);
      if (stopped.aborted) return;
      this.#next = page.next;
      batch(() => {
        this.groups.value = more ? [...this.groups.value, ...page.groups] : page.groups;
        this.hasMore.value = page.next !== undefined;
        this.state.value = "loaded";
      });
    } catch {
      if (!stopped.aborted) this.state.value = "failed";
    }
  }

  /** Joins; whether that worked. */
  async join(group: OpenGroup): Promise<boolean> {
    if (this.joining.value !== undefined) return false;
    this.joining.value = group.room_id;
    try {
      await join(this.account.client, group.room_id);
      return true;
    } catch {
      return false;
    } finally {
      this.joining.value = undefined;
    }
  }
}
