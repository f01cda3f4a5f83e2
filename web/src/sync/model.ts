// How the connection to the server is getting on, as far as a person needs to know.

import { computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import type { SyncStatus } from "../matrix/record";

export class Connection {
  readonly status = signal<SyncStatus>({ state: "connecting" });
  /** Set by the view's clock, for counting down. */
  readonly now = signal(Date.now());
  readonly secondsLeft = computed(() => {
    const status = this.status.value;
    return status.state === "waiting" ? Math.max(0, Math.ceil((status.retryAt - this.now.value) / 1000)) : 0;
  });
  readonly #unlisten: () => void;

  constructor(private readonly account: Account) {
    this.#unlisten = account.store.changes.listen((change) => {
      if (!change.status) return;
      this.now.value = Date.now();
      // Between two failed attempts the banner stays as it is: "connecting" for an instant would only flicker.
      if (change.status.state === "connecting" && this.status.value.state === "waiting") return;
      this.status.value = change.status;
    });
    account.sync.announceStatus();
  }

  tryNow(): void {
    this.account.sync.wake();
    this.account.outbox.wake();
  }

  /** The device's network came or went: what hangs on the old one is dead, and the next try tells the truth. */
  networkChanged(): void {
    this.account.sync.refresh();
    this.account.outbox.wake();
  }

  close(): void {
    this.#unlisten();
  }
}
