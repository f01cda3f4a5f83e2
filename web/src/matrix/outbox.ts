// The send queue: what a person sent stays here until the server has it. Each conversation keeps its order, files and text
// alike; a message keeps its transaction id for life, so that a retry after a lost answer is the same message (client-server
// API, section 8.4.1). Whatever can pass is waited for; only the server's own refusal makes a message fail.

import { Alarm, pause } from "./backoff";
import { text, type Content } from "./event";
import { isTransient, MatrixError, SignedOut, type Client } from "./http";
import { uniqueId } from "./id";
import { exclusively } from "./lock";
import { Queue } from "./queue";
import { deletes, type Pending, type Trouble } from "./record";
import type { Store } from "./store";
import { fill, reserve } from "./upload";

/** A server that holds a send longer than this is taken for gone; the retry finds out. */
const sendTimeoutMs = 20_000;
/** However long the server asks to wait, it is asked again after this. */
const longestRestMs = 10 * 60_000;
/** The server forgets a file that no message used for a day; one that waited nearly as long is uploaded anew. */
const fileKeptMs = 20 * 60 * 60_000;
/** What was taken back and has not appeared at the server for this long never will. */
const takenBackMs = 24 * 60 * 60_000;
/** Progress is told no more often than this. */
const tellEveryMs = 200;

/** A pause between attempts; the server's own wish is not cut short. */
interface Rest {
  txnId: string;
  alarm: Alarm;
  asked: boolean;
}

export class Outbox {
  readonly #queue: Queue;
  readonly #draining = new Map<string, Promise<void>>();
  /** Rooms to look at once more: something was added when the look at them was nearly over. */
  readonly #again = new Set<string>();
  readonly #rests = new Map<string, Rest>();
  readonly #underWay = new Map<string, AbortController>();
  readonly #stopped = new AbortController();
  #leading: Promise<void> | undefined;
  #leads = false;

  constructor(
    private readonly client: Client,
    private readonly store: Store,
    private readonly onSignedOut: () => void,
  ) {
    this.#queue = new Queue(store);
    store.changes.listen((change) => {
      change.settled?.forEach((txnId) => this.#letGo(txnId));
      if (change.ask === "wake" || change.status?.state === "live") this.#wakeHere();
      if (!this.#leads) return;
      for (const one of change.pending ?? []) if (one.state === "queued") this.#drain(one.room_id);
      for (const roomId of change.unsent ?? []) this.#drain(roomId);
    });
  }

  /** Unsent messages that closing this window would lose, because the device has no room to store them. */
  get held(): number {
    return this.#queue.held;
  }

  /**
   * Takes up what an earlier visit left unsent. One tab does: should it crash, the browser passes the lock on, and the next
   * tab takes up what it left.
   */
  start(): void {
    const signal = this.#stopped.signal;
    const lead = async () => {
      this.#leads = true;
      await this.#forgetTakenBack();
      await this.#drainAll();
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
    };
    this.#leading = exclusively("outbox", lead, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Queues a message and says so at once; resolves when it is stored, and will be sent even if this tab closes. */
  async add(roomId: string, type: string, content: Content, file?: Blob): Promise<void> {
    const pending: Pending = { txn_id: uniqueId(), room_id: roomId, type, content, queued_at: Date.now(), state: "queued" };
    if (file) pending.upload = { type: file.type, size: file.size };
    // The echo precedes the write: a person sees at once what they sent.
    this.#tell(pending);
    const kept = await this.#queue.add(pending, file);
    if (kept !== pending) this.#tell(kept);
    this.#drain(roomId);
  }

  /** Sends a failed message again, under the same transaction id. */
  async retry(txnId: string): Promise<void> {
    const pending = await this.#change(txnId, { state: "queued", reason: undefined });
    if (pending) this.#drain(pending.room_id);
  }

  /**
   * Gives a message up that has not been sent. One that the server may have all the same is deleted there as soon as it shows.
   * Answers whether there was still something to give up.
   */
  async discard(txnId: string): Promise<boolean> {
    const pending = await this.#queue.read(txnId);
    if (!pending || pending.state === "sent") return false;
    if (pending.tried && pending.state === "queued") await this.#queue.change(txnId, { cancelled: true });
    else await this.#queue.remove(txnId);
    this.store.changes.announce({ settled: [txnId] });
    return true;
  }

  /** The file of a message that is on its way, for showing it meanwhile. */
  async file(txnId: string): Promise<Blob | undefined> {
    return await this.#queue.file(txnId);
  }

  /** Tries again now in every conversation and every tab: there is reason to think that the network is back. */
  wake(): void {
    this.store.changes.announce({ ask: "wake" });
  }

  /** Stops sending; resolves when nothing is under way. What is unsent stays queued. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled([...this.#draining.values(), this.#leading]);
  }

  /** A message that was under way here arrived, or was given up in this tab or another: on to the next one. */
  #letGo(txnId: string): void {
    this.#underWay.get(txnId)?.abort();
    for (const rest of this.#rests.values()) if (rest.txnId === txnId) rest.alarm.wake();
  }

  #wakeHere(): void {
    for (const rest of this.#rests.values()) if (!rest.asked) rest.alarm.wake();
    if (this.#leads) void this.#drainAll().catch(() => undefined);
  }

  async #drainAll(): Promise<void> {
    const waiting = (await this.store.pending()).filter((one) => one.state === "queued" && !one.cancelled);
    for (const roomId of new Set(waiting.map((one) => one.room_id))) this.#drain(roomId);
  }

  async #forgetTakenBack(): Promise<void> {
    for (const one of await this.store.pending()) {
      if (one.cancelled && Math.abs(Date.now() - one.queued_at) > takenBackMs) await this.#queue.remove(one.txn_id);
    }
  }

  #drain(roomId: string): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#draining.has(roomId)) return void this.#again.add(roomId);
    const run = exclusively(`send:${roomId}`, () => this.#sendAll(roomId), this.#stopped.signal)
      .catch((error: unknown) => {
        if (error instanceof SignedOut) this.onSignedOut();
        else if (!this.#stopped.signal.aborted) throw error;
      })
      .finally(() => {
        this.#draining.delete(roomId);
        if (this.#again.delete(roomId)) this.#drain(roomId);
      });
    this.#draining.set(roomId, run);
  }

  async #sendAll(roomId: string): Promise<void> {
    let attempt = 0;
    let last: string | undefined;
    for (;;) {
      const next = await this.#queue.next(roomId);
      if (!next || this.#stopped.signal.aborted) return;
      if (next.txn_id !== last) attempt = 0;
      last = next.txn_id;
      const given = new AbortController();
      this.#underWay.set(next.txn_id, given);
      try {
        await this.#deliver(next, AbortSignal.any([given.signal, this.#stopped.signal]));
      } catch (error) {
        this.#stopped.signal.throwIfAborted();
        if (given.signal.aborted) continue;
        if (error instanceof SignedOut) throw error;
        attempt++;
        const refused = refusal(error);
        if (refused) await this.#change(next.txn_id, { state: "failed", reason: refused });
        else await this.#rest(next, attempt, error);
      } finally {
        this.#underWay.delete(next.txn_id);
      }
    }
  }

  async #deliver(next: Pending, signal: AbortSignal): Promise<void> {
    const ready = next.upload ? await this.#upload(next, signal) : next;
    if (!ready) return;
    // Noted before it leaves: whoever takes it back later must know that it may have arrived.
    if (!ready.tried && !(await this.#queue.change(ready.txn_id, { tried: true }))) return;
    const answer = await this.client.call("PUT", pathOf(ready), { body: ready.content, timeoutMs: sendTimeoutMs, signal });
    await this.#change(next.txn_id, { state: "sent", event_id: text(answer.event_id), sent_at: Date.now(), reason: undefined, retry_at: undefined });
  }

  /** Brings the file to the server, unless it is there; answers the message with the file's address. */
  async #upload(next: Pending, signal: AbortSignal): Promise<Pending | undefined> {
    const upload = next.upload;
    if (!upload || (upload.done_at !== undefined && Math.abs(Date.now() - upload.done_at) < fileKeptMs)) return next;
    const file = await this.#queue.file(next.txn_id);
    if (!file) return void (await this.#change(next.txn_id, { state: "failed", reason: "FILE_GONE" satisfies Trouble }));
    const uri = upload.done_at === undefined && upload.uri !== undefined ? upload.uri : await reserve(this.client, signal);
    if (uri !== upload.uri && !(await this.#queue.change(next.txn_id, { upload: { ...upload, uri, done_at: undefined } }))) return undefined;
    try {
      await fill(this.client, uri, file, this.#teller(next.txn_id, file.size), signal);
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      // The reservation lapsed, or never was: the next attempt makes another.
      if (error.status === 404) await this.#queue.change(next.txn_id, { upload: { ...upload, uri: undefined, done_at: undefined } });
      throw new MatrixError(error.status, uploadCode(error), error.message, error.retryAfterMs);
    }
    this.#progress(next.txn_id, file.size, file.size);
    return await this.#change(next.txn_id, { content: { ...next.content, url: uri }, upload: { ...upload, uri, done_at: Date.now() } });
  }

  #teller(txnId: string, size: number): (sent: number) => void {
    let told = 0;
    return (sent) => {
      if (performance.now() - told < tellEveryMs) return;
      told = performance.now();
      this.#progress(txnId, sent, size);
    };
  }

  #progress(txn_id: string, sent: number, size: number): void {
    this.store.changes.announce({ progress: [{ txn_id, sent, size }] });
  }

  async #rest(next: Pending, attempt: number, error: unknown): Promise<void> {
    const wish = error instanceof MatrixError ? error.retryAfterMs : undefined;
    const ms = Math.min(pause(attempt, wish), longestRestMs);
    const rest = { txnId: next.txn_id, alarm: new Alarm(), asked: wish !== undefined };
    this.#rests.set(next.room_id, rest);
    // Said, not stored: after a restart it is tried at once.
    this.#tell({ ...next, reason: next.reason === "NOT_STORED" ? next.reason : trouble(error), retry_at: Date.now() + ms });
    await rest.alarm.sleep(ms, this.#stopped.signal);
    this.#rests.delete(next.room_id);
    // Another tab may have given it up just before it heard that it waits.
    if (!this.#stopped.signal.aborted && !(await this.#isWaiting(next.txn_id))) this.store.changes.announce({ settled: [next.txn_id] });
  }

  async #isWaiting(txnId: string): Promise<boolean> {
    const pending = await this.#queue.read(txnId);
    return pending !== undefined && !pending.cancelled;
  }

  async #change(txnId: string, change: Partial<Pending>): Promise<Pending | undefined> {
    const pending = await this.#queue.change(txnId, change);
    if (pending && !pending.cancelled) this.#tell(pending);
    return pending;
  }

  #tell(pending: Pending): void {
    if (pending.type !== "m.room.redaction") this.store.changes.announce({ pending: [pending] });
  }
}

function pathOf(pending: Pending): string {
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(pending.room_id)}`;
  const redacts = deletes(pending);
  if (redacts !== undefined) return `${room}/redact/${encodeURIComponent(redacts)}/${pending.txn_id}`;
  return `${room}/send/${encodeURIComponent(pending.type)}/${pending.txn_id}`;
}

/** Why the server will never take this message; undefined when another attempt may do. */
function refusal(error: unknown): string | undefined {
  if (!(error instanceof MatrixError) || isTransient(error) || error.status === 401) return undefined;
  if (error.status === 413) return error.code.startsWith("UPLOAD_") ? "UPLOAD_M_TOO_LARGE" : "M_TOO_LARGE";
  // No Matrix server said this, but something on the way to it: a proxy, the sign-in page of a guest network.
  return error.code === "M_UNKNOWN" ? undefined : error.code;
}

/** The code for a refused file; a lapsed reservation is no refusal. */
function uploadCode(error: MatrixError): string {
  return error.code === "M_UNKNOWN" || error.status === 404 ? "M_UNKNOWN" : (`UPLOAD_${error.code}` satisfies Trouble);
}

function trouble(error: unknown): Trouble {
  if (!(error instanceof MatrixError)) return "OFFLINE";
  return error.status === 429 ? "LIMITED" : "BUSY";
}
