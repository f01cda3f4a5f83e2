// What a person can change about their account: the devices that are signed in, and the password.

import { signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { isObject, text } from "../matrix/event";
import { call, MatrixError, Unreachable } from "../matrix/http";

const devicesPath = "/_matrix/client/v3/devices";

export interface Device {
  id: string;
  /** What it calls itself; empty when it has no name. */
  name: string;
  /** When it was last used, in milliseconds since 1970; 0 when that is not known. */
  seen: number;
  /** Whether it is this one. */
  here: boolean;
}

/** Where reading the devices stands. */
export type Reading = "loading" | "failed" | { devices: Device[] };

export class Devices {
  readonly reading = signal<Reading>("loading");

  constructor(private readonly account: Account) {
    void this.load();
  }

  async load(): Promise<void> {
    this.reading.value = "loading";
    try {
      const answer = await this.account.client.call("GET", devicesPath);
      this.reading.value = { devices: readDevices(answer, this.account.session.device_id) };
    } catch {
      this.reading.value = "failed";
    }
  }

  /** Signs devices out, confirmed by the password (client-server API, "User-Interactive Authentication"). Gives what went wrong. */
  async signOut(ids: readonly string[], password: string): Promise<string | undefined> {
    if (password === "") return "noPassword";
    const body = { devices: ids, auth: proof(this.account, password) };
    const problem = await attempt(() => this.account.client.call("POST", "/_matrix/client/v3/delete_devices", { body }));
    const now = this.reading.value;
    if (problem === undefined && typeof now === "object") this.reading.value = { devices: now.devices.filter((device) => !ids.includes(device.id)) };
    return problem;
  }
}

/** This device first, then the others, the last used first. Devices without an id are no devices. */
export function readDevices(answer: Record<string, unknown>, here: string): Device[] {
  const devices: Device[] = [];
  for (const one of Array.isArray(answer.devices) ? answer.devices : []) {
    const id = isObject(one) ? text(one.device_id) : undefined;
    if (!isObject(one) || id === undefined) continue;
    const seen = typeof one.last_seen_ts === "number" && Number.isFinite(one.last_seen_ts) ? one.last_seen_ts : 0;
    devices.push({ id, name: text(one.display_name) ?? "", seen: Math.max(0, seen), here: id === here });
  }
  return devices.sort((a, b) => Number(b.here) - Number(a.here) || b.seen - a.seen || a.id.localeCompare(b.id));
}

/** What was typed to change the password. */
export interface PasswordChange {
  old: string;
  new: string;
  again: string;
  /** Whether the other devices are signed out. */
  others: boolean;
}

export type PasswordField = "old-password" | "new-password" | "again-password";

/** Something wrong with a field; `code` is a key of words.problem, or its `other` is meant. */
export interface PasswordProblem {
  field: PasswordField;
  code: string;
}

/** Changes the password; gives what is wrong, or nothing when it is changed. */
export async function changePassword(account: Account, change: PasswordChange): Promise<PasswordProblem[]> {
  const wrong = checkChange(change);
  if (wrong.length > 0) return wrong;
  const body = { new_password: change.new, logout_devices: change.others, auth: proof(account, change.old) };
  const code = await attempt(() => account.client.call("POST", "/_matrix/client/v3/account/password", { body }));
  if (code === undefined) return [];
  return [{ field: code === "M_WEAK_PASSWORD" ? "new-password" : "old-password", code }];
}

/** What can be seen to be wrong before the server is asked. */
export function checkChange(change: PasswordChange): PasswordProblem[] {
  const wrong: PasswordProblem[] = [];
  if (change.old === "") wrong.push({ field: "old-password", code: "noPassword" });
  if (change.new === "") wrong.push({ field: "new-password", code: "noNewPassword" });
  else if (change.new === change.old) wrong.push({ field: "new-password", code: "samePassword" });
  else if (change.again !== change.new) wrong.push({ field: "again-password", code: "notAgain" });
  return wrong;
}

/** What the server says of itself and of who can help. */
export interface About {
  version: string;
  /** Where to ask: a page, or an address for mail; empty where the server names none. */
  page: string;
  mail: string;
}

/** Asks the server about itself. What it does not say is empty. */
export async function about(base: string): Promise<About> {
  const ask = (path: string) => call(base, "GET", path, undefined).catch(() => ({}) as Record<string, unknown>);
  const [software, support] = await Promise.all([ask("/_matrix/federation/v1/version"), ask("/.well-known/matrix/support")]);
  const contacts: unknown[] = Array.isArray(support.contacts) ? support.contacts : [];
  const mails = contacts.map((one) => (isObject(one) ? text(one.email_address) : undefined));
  const page = text(support.support_page) ?? "";
  return {
    version: (isObject(software.server) && text(software.server.version)) || "",
    page: /^https?:\/\//.test(page) ? page : "",
    mail: mails.find((mail) => mail !== undefined && /^[^\s@?&]+@[^\s@?&]+$/.test(mail)) ?? "",
  };
}

function proof(account: Account, password: string) {
  return { type: "m.login.password", identifier: { type: "m.id.user", user: account.userId }, password };
}

/** Tries it; gives a code for what went wrong. */
async function attempt(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof Unreachable) return "unreachable";
    if (error instanceof MatrixError) return error.status >= 500 ? "unreachable" : error.code;
    return "other";
  }
}
