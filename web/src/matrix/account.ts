// A signed-in session: its client, its store, its sync loop and its queue, which begin and end together.

import { isObject, text } from "./event";
import { call, Client, type Session } from "./http";
import { Outbox } from "./outbox";
import { Store } from "./store";
import { Sync } from "./sync";

/** One session for each browser: signing in as someone else means signing out first. */
const storeName = "wardline";

/** An unreachable server must not keep anyone from leaving a shared computer. */
const signOutMs = 5_000;

export class Account {
  readonly client: Client;
  readonly outbox: Outbox;
  readonly sync: Sync;
  readonly #ended: ((why: "revoked" | "elsewhere") => void)[] = [];
  #over = false;

  private constructor(
    base: string,
    readonly session: Session,
    readonly store: Store,
  ) {
    this.client = new Client(base, session, store);
    const revoked = () => void this.#revoked();
    this.outbox = new Outbox(this.client, store, revoked);
    this.sync = new Sync(this.client, store, revoked);
    store.changes.listen((change) => {
      if (change.signedOut) void this.#stop("elsewhere");
    });
  }

  get userId(): string {
    return this.session.user_id;
  }

  /** The session this browser holds, if it holds one. */
  static async restore(base: string): Promise<Account | undefined> {
    const store = await Store.open(storeName);
    const session = await store.session();
    if (session) return new Account(base, session, store);
    store.close();
    return undefined;
  }

  /** Signs in with a password (client-server API, section 5.6). Throws MatrixError or Unreachable. */
  static async signIn(base: string, user: string, password: string, deviceName: string): Promise<Account> {
    const answer = await call(base, "POST", "/_matrix/client/v3/login", undefined, {
      body: {
        type: "m.login.password",
        identifier: { type: "m.id.user", user },
        password,
        initial_device_display_name: deviceName,
        refresh_token: true,
      },
    });
    const session = readSession(answer);
    // Another tab may have signed someone in meanwhile: nothing of theirs may remain under this session.
    await (await Account.restore(base))?.signOut();
    const store = await Store.open(storeName);
    await store.saveSession(session);
    return new Account(base, session, store);
  }

  /** Begins to sync and to send. */
  start(): void {
    this.sync.start();
    void this.outbox.start();
  }

  /** Hears when the session ends other than by `signOut` here: the server revoked it, or another tab signed out. */
  onEnded(listener: (why: "revoked" | "elsewhere") => void): void {
    this.#ended.push(listener);
  }

  /** Messages that signing out now would lose. */
  async unsent(): Promise<number> {
    return (await this.store.pending()).filter((one) => one.state !== "sent").length;
  }

  /** Ends the session here and at the server; what this browser kept is gone even if the server cannot be reached. */
  async signOut(): Promise<void> {
    this.#over = true;
    await Promise.all([this.sync.stop(), this.outbox.stop()]);
    await this.client.call("POST", "/_matrix/client/v3/logout", { body: {}, timeoutMs: signOutMs }).catch(() => undefined);
    await this.store.destroy();
  }

  async #revoked(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await Promise.all([this.sync.stop(), this.outbox.stop()]);
    await this.store.destroy();
    for (const listener of this.#ended) listener("revoked");
  }

  async #stop(why: "elsewhere"): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.store.close();
    await Promise.all([this.sync.stop(), this.outbox.stop()]);
    for (const listener of this.#ended) listener(why);
  }
}

function readSession(answer: unknown): Session {
  const fields = isObject(answer) ? answer : {};
  const [user_id, device_id, access_token] = [text(fields.user_id), text(fields.device_id), text(fields.access_token)];
  if (!user_id || !device_id || !access_token) throw new Error("the sign-in answer lacks a user, a device or a token");
  return { user_id, device_id, access_token, refresh_token: text(fields.refresh_token) };
}
