// The sync loop: one in this browser however many tabs are open, always one request under way, backing off while the
// server cannot be reached, and beginning anew when the server no longer knows the position.

import { Alarm, pause } from "./backoff";
import { isTransient, MatrixError, SignedOut, type Client } from "./http";
import { uniqueId } from "./id";
import { exclusively } from "./lock";
import type { SyncStatus } from "./record";
import { readSync, syncPath, syncRequest, type SyncAnswer } from "./sliding";
import type { Position, Store } from "./store";

/** The server holds a request this long when there is nothing to tell. */
const pollMs = 30_000;
/** Beyond that, time for the answer to travel. */
const graceMs = 15_000;
/** The first window fills a screen; the rest follow in a few larger steps. */
const windows = [20, 100, 500, 2_000, 10_000];

export class Sync {
  readonly #stopped = new AbortController();
  readonly #alarm = new Alarm();
  #request = new AbortController();
  #running: Promise<void> | undefined;
  #position: Position = { connection: "" };
  #status: SyncStatus = { state: "connecting" };
  #window = 0;
  #growing = true;
  #seen: Set<string> | undefined;
  #open: string | undefined;

  constructor(
    private readonly client: Client,
    private readonly store: Store,
    private readonly onSignedOut: () => void,
  ) {}

  /** Runs until stopped or signed out. A second tab waits here until the first closes, and hears of changes meanwhile. */
  start(): void {
    const signal = this.#stopped.signal;
    this.#running = exclusively("sync", () => this.#lead(), signal).catch((error: unknown) => {
      if (error instanceof SignedOut) this.onSignedOut();
      else if (!signal.aborted) throw error;
    });
  }

  /** Includes a room in sync however far down the list it is; undefined when none is open. */
  open(roomId: string | undefined): void {
    if (this.#open === roomId) return;
    this.#open = roomId;
    // The body of a request may change if the request is cancelled and sent anew with the same position (MSC4186, "Connections").
    if (roomId !== undefined) this.#request.abort();
  }

  /** Tries now rather than at the appointed time, whichever tab it is that syncs. */
  wake(): void {
    this.store.changes.announce({ ask: "wake" });
  }

  /** Has the status announced by whichever tab syncs. */
  announceStatus(): void {
    this.store.changes.announce({ ask: "status" });
  }

  /** Asks anew at once: after sleep, a request may hang on a connection that is long dead. */
  refresh(): void {
    this.#request.abort();
    this.#alarm.wake();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#request.abort();
    await this.#running?.catch(() => undefined);
  }

  /** This tab syncs, and answers for it to the others. */
  async #lead(): Promise<void> {
    const unlisten = this.store.changes.listen((change) => {
      if (change.ask === "wake") this.#alarm.wake();
      if (change.ask === "status") this.store.changes.announce({ status: this.#status });
    });
    this.#tell({ state: "connecting" });
    await this.#loop().finally(unlisten);
  }

  #tell(status: SyncStatus): void {
    if (status.state === "live" && this.#status.state === "live") return;
    this.#status = status;
    this.store.changes.announce({ status });
  }

  async #loop(): Promise<void> {
    this.#position = (await this.store.position()) ?? { connection: uniqueId() };
    this.#seen = this.#position.pos === undefined ? new Set() : undefined;
    let attempt = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#once();
        attempt = 0;
        this.#tell({ state: "live" });
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (this.#request.signal.aborted) continue;
        attempt++;
        await this.#recover(error, attempt);
      }
    }
  }

  async #once(): Promise<void> {
    this.#request = new AbortController();
    const growing = this.#window < windows.length - 1 && this.#growing;
    const pos = this.#position.pos;
    const timeout = pos === undefined || growing ? 0 : pollMs;
    const answer = readSync(
      await this.client.call("POST", syncPath, {
        query: pos === undefined ? { timeout } : { pos, timeout },
        body: syncRequest(this.#position.connection, windows[this.#window] ?? 20, this.#open),
        signal: AbortSignal.any([this.#request.signal, this.#stopped.signal]),
        timeoutMs: timeout + graceMs,
      }),
    );
    await this.store.applySync(answer, this.client.userId, this.#position.connection);
    this.#position.pos = answer.pos;
    await this.#grow(answer);
  }

  /** Widens the window until it holds every room; then a fresh sync knows which stored rooms are no longer there. */
  async #grow(answer: SyncAnswer): Promise<void> {
    for (const room of answer.rooms) this.#seen?.add(room.room_id);
    this.#growing = answer.count > (windows[this.#window] ?? 0);
    if (this.#growing && this.#window < windows.length - 1) {
      this.#window++;
      return;
    }
    if (this.#seen) await this.store.keepOnly(this.#seen);
    this.#seen = undefined;
  }

  async #recover(error: unknown, attempt: number): Promise<void> {
    if (error instanceof MatrixError && error.code === "M_UNKNOWN_POS") return await this.#restart(attempt);
    // Anything else the server says to a sync, and an answer that cannot be read, may be mended by the operator: keep trying.
    if (error instanceof SignedOut) throw error;
    const told = error instanceof MatrixError ? error.retryAfterMs : undefined;
    const ms = pause(isTransient(error) ? attempt : attempt + 2, told);
    this.#tell({ state: "waiting", retryAt: Date.now() + ms });
    await this.#alarm.sleep(ms, this.#stopped.signal);
    if (!this.#stopped.signal.aborted) this.#tell({ state: "connecting" });
  }

  async #restart(attempt: number): Promise<void> {
    this.#position = { connection: uniqueId() };
    this.#window = 0;
    this.#growing = true;
    this.#seen = new Set();
    await this.store.savePosition(this.#position);
    if (attempt > 1) await this.#alarm.sleep(pause(attempt), this.#stopped.signal);
  }
}
