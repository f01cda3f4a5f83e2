// The send queue: what a person sent stays here until the server has it. Each conversation keeps its order; a message keeps
// its transaction id for life, so that a retry after a lost answer is the same message (client-server API, section 8.4.1).

import { Alarm, pause } from "./backoff";
import { text, type Content } from "./event";
import { isTransient, MatrixError, SignedOut, type Client } from "./http";
import { uniqueId } from "./id";
import { exclusively } from "./lock";
import type { Pending } from "./record";
import type { Store } from "./store";

/** A server that holds a send longer than this is taken for gone; the retry finds out. */
const sendTimeoutMs = 20_000;

export class Outbox {
  readonly #draining = new Map<string, Promise<void>>();
  readonly #alarms = new Map<string, Alarm>();
  readonly #stopped = new AbortController();

  constructor(
    private readonly client: Client,
    private readonly store: Store,
    private readonly onSignedOut: () => void,
  ) {}

  /** Takes up what an earlier visit left unsent. */
  async start(): Promise<void> {
    const waiting = await this.store.pending();
    for (const roomId of new Set(waiting.map((one) => one.room_id))) this.#drain(roomId);
  }

  /** Queues a message and says so at once; resolves when it is stored, and will be sent even if this tab closes. */
  async add(roomId: string, type: string, content: Content): Promise<void> {
    const pending: Pending = { txn_id: uniqueId(), room_id: roomId, type, content, queued_at: Date.now(), state: "queued" };
    // The echo precedes the write: a person sees at once what they sent. A write that fails is told the same way.
    this.store.changes.announce({ pending: [pending] });
    try {
      await this.store.addPending(pending);
    } catch (error) {
      this.store.changes.announce({ pending: [{ ...pending, state: "failed", reason: "NOT_STORED" }] });
      throw error;
    }
    this.#drain(roomId);
  }

  /** Sends a failed message again, under the same transaction id. */
  async retry(txnId: string): Promise<void> {
    const pending = await this.#change(txnId, { state: "queued", reason: undefined });
    if (pending) this.#drain(pending.room_id);
  }

  /** Gives a failed message up. */
  async discard(txnId: string): Promise<void> {
    await this.store.deletePending(txnId);
    this.store.changes.announce({ settled: [txnId] });
  }

  /** Tries again now in every conversation: there is reason to think that the network is back. */
  wake(): void {
    for (const alarm of this.#alarms.values()) alarm.wake();
  }

  /** Stops sending; resolves when nothing is under way. What is unsent stays queued. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#draining.values());
  }

  #drain(roomId: string): void {
    if (this.#draining.has(roomId) || this.#stopped.signal.aborted) return;
    const run = exclusively(`send:${roomId}`, () => this.#sendAll(roomId), this.#stopped.signal)
      .catch((error: unknown) => {
        if (error instanceof SignedOut) this.onSignedOut();
        else if (!this.#stopped.signal.aborted) throw error;
      })
      .finally(() => this.#draining.delete(roomId));
    this.#draining.set(roomId, run);
  }

  async #sendAll(roomId: string): Promise<void> {
    let attempt = 0;
    for (;;) {
      const next = await this.store.nextPending(roomId);
      if (!next || this.#stopped.signal.aborted) return;
      try {
        await this.#send(next);
        attempt = 0;
      } catch (error) {
        this.#stopped.signal.throwIfAborted();
        attempt++;
        if (isTransient(error)) await this.#rest(roomId, attempt, error);
        else if (error instanceof MatrixError) await this.#change(next.txn_id, { state: "failed", reason: error.code });
        else throw error;
      }
    }
  }

  async #send(next: Pending): Promise<void> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(next.room_id)}/send/${encodeURIComponent(next.type)}/${next.txn_id}`;
    const answer = await this.client.call("PUT", path, { body: next.content, timeoutMs: sendTimeoutMs, signal: this.#stopped.signal });
    await this.#change(next.txn_id, { state: "sent", event_id: text(answer.event_id) });
  }

  async #rest(roomId: string, attempt: number, error: unknown): Promise<void> {
    const alarm = this.#alarms.get(roomId) ?? new Alarm();
    this.#alarms.set(roomId, alarm);
    const told = error instanceof MatrixError ? error.retryAfterMs : undefined;
    await alarm.sleep(pause(attempt, told), this.#stopped.signal);
  }

  async #change(txnId: string, change: Partial<Pending>): Promise<Pending | undefined> {
    const pending = await this.store.updatePending(txnId, change);
    if (pending) this.store.changes.announce({ pending: [pending] });
    return pending;
  }
}
