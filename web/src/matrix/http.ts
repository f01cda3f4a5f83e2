// Calls to the homeserver: one request, one answer, errors that say what can be done. Retrying is the caller's business,
// except for an expired access token, which is renewed here once.

import { exclusively } from "./lock";
import { isObject, text } from "./event";

/** The server answered, and the answer was no. */
export class MatrixError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterMs: number | undefined,
  ) {
    super(message);
    this.name = "MatrixError";
  }
}

/** No answer: no network, a server that is down, or one that took too long. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("no answer from the server", { cause });
    this.name = "Unreachable";
  }
}

/** The session is over: its tokens are no longer accepted and cannot be renewed. */
export class SignedOut extends Error {
  constructor() {
    super("this session has ended");
    this.name = "SignedOut";
  }
}

/** What a signed-in device has to remember. */
export interface Session {
  user_id: string;
  device_id: string;
  access_token: string;
  refresh_token?: string;
}

/** Where the session is kept; shared by all tabs of this browser. */
export interface SessionKeeper {
  session(): Promise<Session | undefined>;
  saveSession(session: Session): Promise<void>;
}

export interface CallOptions {
  body?: unknown;
  query?: Record<string, string | number>;
  signal?: AbortSignal;
  /** Milliseconds until the call is given up as Unreachable; 30 seconds unless told. */
  timeoutMs?: number;
}

const defaultTimeoutMs = 30_000;

/** Whether trying the same call again later can succeed. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof MatrixError && (error.status === 429 || error.status === 408 || error.status >= 500);
}

/** One call without a token. Throws MatrixError, Unreachable, or the signal's own reason when the caller aborted. */
export async function call(base: string, method: string, path: string, token: string | undefined, options: CallOptions = {}): Promise<Record<string, unknown>> {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, String(value));
  const deadline = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  const headers: Record<string, string> = {};
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method, headers, signal, cache: "no-store", credentials: "omit" };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  try {
    return await readAnswer(await fetch(url, init));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof MatrixError) throw error;
    throw new Unreachable(error);
  }
}

/** What an answer says; throws MatrixError when it says no, or is not Matrix's at all. */
export async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isObject(body)) return body;
  // A proxy's answer in front of a server that is down is a bad gateway, whatever status it dressed it in.
  if (response.ok) throw new MatrixError(502, "M_UNKNOWN", "the answer was not JSON", undefined);
  const fields = isObject(body) ? body : {};
  throw new MatrixError(response.status, text(fields.errcode) ?? "M_UNKNOWN", text(fields.error) ?? "", retryAfter(response, fields));
}

function retryAfter(response: Response, fields: Record<string, unknown>): number | undefined {
  const header = response.headers.get("retry-after");
  if (header !== null && /^\d+$/.test(header)) return Number(header) * 1000;
  return typeof fields.retry_after_ms === "number" ? fields.retry_after_ms : undefined;
}

/** Calls in the name of a signed-in device. */
export class Client {
  #session: Session;

  constructor(
    readonly base: string,
    session: Session,
    private readonly keeper: SessionKeeper,
  ) {
    this.#session = session;
  }

  get userId(): string {
    return this.#session.user_id;
  }

  get deviceId(): string {
    return this.#session.device_id;
  }

  /** Throws what `call` throws, and SignedOut when the session is over. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Record<string, unknown>> {
    return await this.authorised((token) => call(this.base, method, path, token, options));
  }

  /** Runs a request with the access token, and once more with a new one if the token is refused. */
  async authorised<T>(request: (token: string) => Promise<T>): Promise<T> {
    const token = this.#session.access_token;
    try {
      return await request(token);
    } catch (error) {
      // A 401 that says M_FORBIDDEN is about a password that was not right, not about the token ("User-Interactive Authentication").
      if (!(error instanceof MatrixError) || error.status !== 401 || error.code === "M_FORBIDDEN") throw error;
      await this.#renew(token);
      return await request(this.#session.access_token);
    }
  }

  /** Replaces a token that was refused. Other tabs share the session, so one renews and the rest read what it saved. */
  async #renew(refused: string): Promise<void> {
    await exclusively("session", async () => {
      const saved = await this.keeper.session();
      if (!saved) throw new SignedOut();
      if (saved.access_token === refused) await this.#refresh(saved);
      else this.#session = saved;
    });
  }

  /** POST /refresh (client-server API, section 5.5.4): the old refresh token is spent by the answer. */
  async #refresh(saved: Session): Promise<void> {
    if (saved.refresh_token === undefined) throw new SignedOut();
    const body = { refresh_token: saved.refresh_token };
    const answer = await call(this.base, "POST", "/_matrix/client/v3/refresh", undefined, { body }).catch((error: unknown) => {
      if (error instanceof MatrixError && !isTransient(error)) throw new SignedOut();
      throw error;
    });
    const access_token = text(answer.access_token);
    if (access_token === undefined) throw new SignedOut();
    const session = { ...saved, access_token, refresh_token: text(answer.refresh_token) ?? saved.refresh_token };
    await this.keeper.saveSession(session);
    this.#session = session;
  }
}
