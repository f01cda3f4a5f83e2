// A signed-in session: its client, its store, its sync loop and its queue, which begin and end together.

import type { Ending } from "./changes";
import { isObject, text } from "./event";
import { call, Client, type Session } from "./http";
import { exclusively } from "./lock";
import { Outbox } from "./outbox";
import { Store } from "./store";
import { Sync } from "./sync";

/** One session for each browser: signing in as someone else means signing out first. */
const storeName = "wardline";

/** The lock under which a session of this browser begins or ends. */
const changing = "signing";

/** An unreachable server must not keep anyone from leaving a shared computer. */
const signOutMs = 5_000;

export class Account {
  readonly client: Client;
  readonly outbox: Outbox;
  readonly sync: Sync;
  readonly #ended: ((why: Ending) => void)[] = [];
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
      if (change.ended) void this.#stop(change.ended);
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
    return await exclusively(changing, async () => {
      // Another tab may have signed someone in meanwhile: nothing of theirs may remain under this session.
      const previous = await Account.restore(base);
      if (previous) await previous.#leave();
      const store = await Store.open(storeName);
      await store.saveSession(session);
      return new Account(base, session, store);
    });
  }

  /** Begins to sync and to send. */
  start(): void {
    this.sync.start();
    this.outbox.start();
  }

  /** Hears when the session ends other than by `signOut` here: the server revoked it, or another tab signed out. */
  onEnded(listener: (why: Ending) => void): void {
    this.#ended.push(listener);
  }

  /** Messages that signing out now would lose. */
  async unsent(): Promise<number> {
    return (await this.store.pending()).filter((one) => one.state !== "sent" && !one.cancelled).length + this.outbox.held;
  }

  /** Ends the session here and at the server; what this browser kept is gone even if the server cannot be reached. */
  async signOut(): Promise<void> {
    await exclusively(changing, () => this.#leave());
  }

  async #leave(): Promise<void> {
    this.#over = true;
    // First of all: a tab that took over the sync now would hear from the server that its session was revoked.
    this.store.changes.announce({ ended: "elsewhere" });
    await Promise.allSettled([this.sync.stop(), this.outbox.stop()]);
    await this.client.call("POST", "/_matrix/client/v3/logout", { body: {}, timeoutMs: signOutMs }).catch(() => undefined);
    await this.store.destroy();
  }

  async #revoked(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.store.changes.announce({ ended: "revoked" });
    await Promise.allSettled([this.sync.stop(), this.outbox.stop()]);
    // A session that another tab began since is not this one's to delete.
    await exclusively(changing, async () => {
      if ((await this.store.session().catch(() => undefined))?.device_id === this.session.device_id) await this.store.destroy();
      else this.store.close();
    });
    this.#tellEnded("revoked");
  }

  /** Another tab ended the session, and deletes the store. */
  async #stop(why: Ending): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.store.close();
    // What was under way fails on the closed store, and that is all right.
    await Promise.allSettled([this.sync.stop(), this.outbox.stop()]);
    this.#tellEnded(why);
  }

  #tellEnded(why: Ending): void {
    for (const listener of this.#ended) listener(why);
  }
}

function readSession(answer: unknown): Session {
  const fields = isObject(answer) ? answer : {};
  const [user_id, device_id, access_token] = [text(fields.user_id), text(fields.device_id), text(fields.access_token)];
  if (!user_id || !device_id || !access_token) throw new Error("the sign-in answer lacks a user, a device or a token");
  return { user_id, device_id, access_token, refresh_token: text(fields.refresh_token) };
}
