// Who is signed in here: signing in, coming back, signing out.

import { batch, signal } from "@preact/signals";
import { Account } from "../matrix/account";
import type { Ending } from "../matrix/changes";
import { text } from "../matrix/event";
import { MatrixError, Unreachable } from "../matrix/http";
import { localpart } from "../matrix/record";

export type Stage = { at: "opening" } | { at: "no storage" } | { at: "signed out"; why?: Ending } | { at: "signed in"; account: Account };

/** What is wrong with an attempt to sign in; `code` is a key of words.signInProblem, or its `other` is meant. */
export interface Problem {
  field: "user" | "password";
  code: string;
}

export class SignIn {
  readonly stage = signal<Stage>({ at: "opening" });
  readonly problems = signal<Problem[]>([]);
  readonly busy = signal(false);
  /** The name that colleagues see. */
  readonly displayName = signal("");

  constructor(private readonly base: string) {}

  /** Takes up the session this browser holds, if it holds one. */
  async restore(): Promise<void> {
    try {
      const account = await Account.restore(this.base);
      if (account) this.#enter(account);
      else this.stage.value = { at: "signed out" };
    } catch {
      this.stage.value = { at: "no storage" };
    }
  }

  async signIn(user: string, password: string, deviceName: string): Promise<void> {
    if (this.busy.value) return;
    this.problems.value = missing(user, password);
    if (this.problems.value.length > 0) return;
    this.busy.value = true;
    try {
      this.#enter(await Account.signIn(this.base, user.trim(), password, deviceName));
    } catch (error) {
      this.problems.value = [{ field: "user", code: problemCode(error) }];
    } finally {
      this.busy.value = false;
    }
  }

  async signOut(): Promise<void> {
    const stage = this.stage.value;
    if (stage.at !== "signed in" || this.busy.value) return;
    this.busy.value = true;
    try {
      await stage.account.signOut();
    } finally {
      this.#leave();
    }
  }

  #enter(account: Account): void {
    account.onEnded((why) => this.#leave(why));
    account.start();
    batch(() => {
      this.problems.value = [];
      this.displayName.value = localpart(account.userId);
      this.stage.value = { at: "signed in", account };
    });
    void this.#loadName(account);
  }

  #leave(why?: Ending): void {
    batch(() => {
      this.busy.value = false;
      this.displayName.value = "";
      this.stage.value = { at: "signed out", why };
    });
  }

  async #loadName(account: Account): Promise<void> {
    const path = `/_matrix/client/v3/profile/${encodeURIComponent(account.userId)}`;
    const profile = await account.client.call("GET", path).catch(() => undefined);
    const stage = this.stage.value;
    const name = text(profile?.displayname);
    if (name && stage.at === "signed in" && stage.account === account) this.displayName.value = name;
  }
}

function missing(user: string, password: string): Problem[] {
  const problems: Problem[] = [];
  if (user.trim() === "") problems.push({ field: "user", code: "noUser" });
  if (password === "") problems.push({ field: "password", code: "noPassword" });
  return problems;
}

function problemCode(error: unknown): string {
  if (error instanceof Unreachable) return "unreachable";
  if (error instanceof MatrixError) return error.status >= 500 ? "unreachable" : error.code;
  if (error instanceof DOMException) return "storage";
  return "other";
}
