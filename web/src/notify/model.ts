// Whether this device is told of messages when the app is closed (Web Push), and switching that on and off. The subscription is the
// server's to keep, and goes with the session; here it is renewed when the browser, or the server, has another.

import { signal } from "@preact/signals";
import type { Client } from "../matrix/http";
import { text } from "../matrix/event";

export type Permission = "granted" | "denied" | "default";

/** A subscription of this browser at its push service. */
export interface Subscribed {
  endpoint: string;
  p256dh: string;
  auth: string;
  /** The key of the server it is for, base64url. */
  serverKey: string;
}

/** What the browser does. Every promise may reject: then it could not be done here and now. */
export interface Device {
  /** "home screen": only once the app has been added to it. */
  support(): "yes" | "no" | "home screen";
  permission(): Permission;
  ask(): Promise<Permission>;
  worker(): Promise<boolean>;
  subscription(): Promise<Subscribed | undefined>;
  subscribe(serverKey: string): Promise<Subscribed>;
  unsubscribe(): Promise<void>;
}

/** Where things stand. "blocked": the person, or the trust's settings, forbade it in the browser. */
export type State = "unknown" | "unsupported" | "home screen" | "blocked" | "off" | "on";

/** Why switching did not work: a key of words.problem. */
export type Trouble = "service" | "server";

const root = "/_wardline/v1/push";

export class Notifications {
  readonly state = signal<State>("unknown");
  readonly busy = signal(false);
  readonly trouble = signal<Trouble | undefined>(undefined);

  constructor(
    private readonly client: Client,
    readonly device: Device,
  ) {}

  /** Looks at where things stand, and renews a subscription that is no longer what the server has. */
  async look(): Promise<void> {
    const support = this.device.support();
    if (support !== "yes") {
      this.state.value = support === "no" ? "unsupported" : "home screen";
      return;
    }
    const permission = this.device.permission();
    if (permission === "denied") {
      this.state.value = "blocked";
      return;
    }
    const found = permission === "granted" ? await this.device.subscription().catch(() => undefined) : undefined;
    this.state.value = found ? "on" : "off";
    // Without a network the subscription may well be good: it is looked at again at the next start.
    if (found) await this.#renew(found).catch(() => undefined);
  }

  /** Asks the person, if they have not been asked, and subscribes. */
  async enable(): Promise<void> {
    await this.#exclusively(async () => {
      if ((await this.device.ask()) !== "granted") {
        this.state.value = this.device.permission() === "denied" ? "blocked" : "off";
        return;
      }
      const serverKey = await this.#key();
      const made = await this.device.subscribe(serverKey).catch(() => undefined);
      if (!made) {
        this.trouble.value = "service";
        return;
      }
      await this.#tell(made);
      this.state.value = "on";
    });
  }

  /** Ends it at the browser first: then nothing rings here, whatever the server hears. */
  async disable(): Promise<void> {
    await this.#exclusively(async () => {
      await this.device.unsubscribe();
      this.state.value = "off";
      const id = await this.listed();
      if (id !== undefined) await this.client.call("DELETE", `${root}/subscriptions/${encodeURIComponent(id)}`);
    });
  }

  /** The id under which the server has this device's subscription. */
  async listed(): Promise<string | undefined> {
    const answer = await this.client.call("GET", `${root}/subscriptions`);
    const list = Array.isArray(answer.subscriptions) ? (answer.subscriptions as Record<string, unknown>[]) : [];
    return text(list.find((one) => one.device_id === this.client.deviceId)?.id);
  }

  /** Has the server send a test that carries an id. */
  async test(id: string): Promise<{ result: string; status?: number }> {
    const answer = await this.client.call("POST", `${root}/test`, { body: { id } });
    return { result: text(answer.result) ?? "refused", status: typeof answer.status === "number" ? answer.status : undefined };
  }

  async #renew(found: Subscribed): Promise<void> {
    const serverKey = await this.#key();
    if (found.serverKey === "" || found.serverKey === serverKey) return await this.#tell(found);
    // Made for another key of the server: pushes signed with the present one would be refused.
    await this.device.unsubscribe();
    this.state.value = "off";
    await this.#tell(await this.device.subscribe(serverKey));
    this.state.value = "on";
  }

  async #key(): Promise<string> {
    const key = text((await this.client.call("GET", `${root}/key`)).public_key);
    if (key === undefined) throw new Error("the server gave no key");
    return key;
  }

  async #tell({ endpoint, p256dh, auth }: Subscribed): Promise<void> {
    await this.client.call("PUT", `${root}/subscription`, { body: { endpoint, keys: { p256dh, auth } } });
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    this.trouble.value = undefined;
    try {
      await work();
    } catch {
      this.trouble.value = "server";
    } finally {
      this.busy.value = false;
    }
  }
}
