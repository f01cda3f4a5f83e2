// What waits to be sent: in the store, and where the store takes nothing (a full disk) in memory, so that a message still
// goes out as long as this window is open.

import type { Pending } from "./record";
import type { Store } from "./store";

export class Queue {
  /** The newest state of messages that the store did not take, or whose change it did not take. */
  readonly #held = new Map<string, Pending>();
  readonly #files = new Map<string, Blob>();

  constructor(private readonly store: Store) {
    store.changes.listen((change) => change.settled?.forEach((txnId) => this.#drop(txnId)));
  }

  /** How many unsent messages closing this window would lose. */
  get held(): number {
    return [...this.#held.values()].filter((one) => one.reason === "NOT_STORED" && one.state !== "sent").length;
  }

  /** Adds a message at the end; answers it as it is kept, with the reason NOT_STORED where only memory had room. */
  async add(pending: Pending, file?: Blob): Promise<Pending> {
    try {
      await this.store.addPending(pending, file);
      return pending;
    } catch {
      const kept: Pending = { ...pending, reason: "NOT_STORED" };
      this.#held.set(pending.txn_id, kept);
      if (file) this.#files.set(pending.txn_id, file);
      return kept;
    }
  }

  /** The next message to send in a room. */
  async next(roomId: string): Promise<Pending | undefined> {
    const stored = await this.store.nextPending(roomId, this.#held);
    return stored ?? [...this.#held.values()].find((one) => one.room_id === roomId && one.state === "queued" && !one.cancelled);
  }

  async read(txnId: string): Promise<Pending | undefined> {
    return this.#held.get(txnId) ?? (await this.store.pendingOf(txnId));
  }

  async file(txnId: string): Promise<Blob | undefined> {
    return this.#files.get(txnId) ?? (await this.store.file(txnId));
  }

  /** Changes a waiting message; undefined when it waits no longer. */
  async change(txnId: string, change: Partial<Pending>): Promise<Pending | undefined> {
    const held = this.#held.get(txnId);
    if (held) {
      const changed = { ...held, ...change };
      this.#held.set(txnId, changed);
      return changed;
    }
    try {
      return await this.store.updatePending(txnId, change);
    } catch (error) {
      const old = await this.store.pendingOf(txnId);
      if (!old) throw error;
      const changed = { ...old, ...change };
      this.#held.set(txnId, changed);
      return changed;
    }
  }

  async remove(txnId: string): Promise<void> {
    this.#drop(txnId);
    await this.store.deletePending(txnId);
  }

  #drop(txnId: string): void {
    this.#held.delete(txnId);
    this.#files.delete(txnId);
  }
}
