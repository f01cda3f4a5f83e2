// Switching notifications on and off, renewing them, and the check: the server and the device are small ones of these tests' own.

import { beforeEach, describe, expect, test } from "vitest";
import { MatrixError, Unreachable, type CallOptions, type Client } from "../matrix/http";
import type { Letter } from "../worker/letter";
import { Checkup, stepNames, type StepName } from "./checkup";
import { Notifications, type Device, type Permission, type Subscribed } from "./model";

/** The server's side: one subscription of one device. */
class Server {
  key = "key-1";
  held: { endpoint: string } | undefined;
  result = "accepted";
  down = false;
  calls: string[] = [];
  onTest: ((id: string) => void) | undefined;

  readonly client = {
    deviceId: "HERE",
    call: async (method: string, path: string, options: CallOptions = {}) => {
      const line = `${method} ${path.replace("/_wardline/v1/push", "")}`;
      this.calls.push(line);
      if (this.down) throw new Unreachable(undefined);
      const body = options.body as Record<string, string>;
      switch (line) {
        case "GET /key":
          return { public_key: this.key };
        case "PUT /subscription":
          this.held = { endpoint: body.endpoint! };
          return { id: "S1" };
        case "GET /subscriptions":
          return { subscriptions: [{ id: "S0", device_id: "ELSEWHERE" }, ...(this.held ? [{ id: "S1", device_id: "HERE" }] : [])] };
        case "DELETE /subscriptions/S1":
          this.held = undefined;
          return {};
        case "POST /test":
          if (!this.held) throw new MatrixError(404, "M_NOT_FOUND", "", undefined);
          if (this.result === "accepted") this.onTest?.(body.id!);
          return { result: this.result };
      }
      throw new Error(`no such call: ${line}`);
    },
  } as unknown as Client;
}

class Phone implements Device {
  supported: "yes" | "no" | "home screen" = "yes";
  allowed: Permission = "default";
  answers: Permission = "granted";
  running = true;
  service = true;
  held: Subscribed | undefined;
  made = 0;

  support = () => this.supported;
  permission = () => this.allowed;
  ask = async () => (this.allowed = this.answers);
  worker = async () => this.running;
  subscription = async () => this.held;
  subscribe = async (serverKey: string) => {
    if (!this.service) throw new DOMException("push service error", "AbortError");
    return (this.held = { endpoint: `https://push.example/${++this.made}`, p256dh: "p", auth: "a", serverKey });
  };
  unsubscribe = async () => void (this.held = undefined);
}

let server: Server, phone: Phone, notifications: Notifications;

beforeEach(() => {
  [server, phone] = [new Server(), new Phone()];
  notifications = new Notifications(server.client, phone);
});

describe("switching", () => {
  test("on subscribes here and tells the server; off ends both", async () => {
    await notifications.look();
    expect(notifications.state.value).toBe("off");
    await notifications.enable();
    expect([notifications.state.value, server.held, notifications.trouble.value]).toEqual(["on", { endpoint: "https://push.example/1" }, undefined]);
    await notifications.disable();
    expect([notifications.state.value, server.held, phone.held]).toEqual(["off", undefined, undefined]);
  });

  test("on, and the person says no", async () => {
    phone.answers = "denied";
    await notifications.enable();
    expect([notifications.state.value, server.calls]).toEqual(["blocked", []]);
  });

  test("on, and the person says nothing", async () => {
    phone.answers = "default";
    await notifications.enable();
    expect(notifications.state.value).toBe("off");
  });

  test("on, and the browser's push service cannot be reached", async () => {
    phone.service = false;
    await notifications.enable();
    expect([notifications.trouble.value, server.held, notifications.busy.value]).toEqual(["service", undefined, false]);
  });

  test("on, and the server cannot be reached", async () => {
    server.down = true;
    await notifications.enable();
    expect([notifications.trouble.value, notifications.busy.value]).toEqual(["server", false]);
    server.down = false;
    await notifications.enable();
    expect([notifications.trouble.value, notifications.state.value]).toEqual([undefined, "on"]);
  });

  test("off without a network: nothing rings here all the same", async () => {
    await notifications.enable();
    server.down = true;
    await notifications.disable();
    expect([phone.held, notifications.state.value, notifications.trouble.value]).toEqual([undefined, "off", "server"]);
  });
});

describe("at the start", () => {
  test.each([["no", "unsupported"], ["home screen", "home screen"]] as const)("a browser that can not: %s", async (supported, state) => {
    phone.supported = supported;
    await notifications.look();
    expect(notifications.state.value).toBe(state);
  });

  test("the server is told again, in case it has lost it", async () => {
    await notifications.enable();
    server.held = undefined;
    await new Notifications(server.client, phone).look();
    expect(server.held).toEqual({ endpoint: "https://push.example/1" });
  });

  test("a subscription for another key of the server is made anew", async () => {
    await notifications.enable();
    server.key = "key-2";
    await notifications.look();
    expect([notifications.state.value, phone.held?.serverKey, server.held]).toEqual(["on", "key-2", { endpoint: "https://push.example/2" }]);
  });

  test("without a network it counts as good", async () => {
    await notifications.enable();
    server.down = true;
    await notifications.look();
    expect(notifications.state.value).toBe("on");
  });

  test("what was forbidden since is said", async () => {
    await notifications.enable();
    phone.allowed = "denied";
    await notifications.look();
    expect(notifications.state.value).toBe("blocked");
  });
});

describe("the check", () => {
  let sounds: boolean, wanted: boolean, listener: ((letter: Letter) => void) | undefined;
  const around = () => ({
    onPush: (heard: (letter: Letter) => void) => {
      listener = heard;
      return () => (listener = undefined);
    },
    sounds: () => wanted,
    ring: async () => sounds,
    now: (() => {
      let at = 0;
      return () => (at += 700);
    })(),
    arrivalMs: 20,
  });
  const states = (checkup: Checkup) => checkup.steps.value.map((step) => step.state);
  const failed = (checkup: Checkup) => {
    const step = checkup.steps.value.find((one) => one.state === "bad");
    return step && [step.name, step.why];
  };

  beforeEach(async () => {
    [sounds, wanted, listener] = [true, true, undefined];
    server.onTest = (id) => {
      listener?.({ kind: "test", id: "another" });
      listener?.({ kind: "test", id });
    };
    await notifications.enable();
  });

  test("goes from the browser to the person, and times the push", async () => {
    const checkup = new Checkup(notifications, around());
    await checkup.run();
    expect(states(checkup)).toEqual(["good", "good", "good", "good", "good", "good", "asked", "asked"]);
    expect(checkup.steps.value.find((step) => step.name === "arrival")?.ms).toBe(700);
    checkup.answer("seen", true);
    checkup.answer("heard", false);
    expect(states(checkup).slice(-2)).toEqual(["good", "bad"]);
    expect(listener, "nobody listens any more").toBeUndefined();
  });

  test.each<[StepName, string, () => void]>([
    ["browser", "noPush", () => (phone.supported = "no")],
    ["browser", "homeScreen", () => (phone.supported = "home screen")],
    ["permission", "blocked", () => (phone.allowed = "denied")],
    ["permission", "notAsked", () => (phone.allowed = "default")],
    ["worker", "noWorker", () => (phone.running = false)],
    ["subscription", "notSubscribed", () => (phone.held = undefined)],
    ["subscription", "notListed", () => (server.held = undefined)],
    ["subscription", "offline", () => (server.down = true)],
    ["server", "gone", () => (server.result = "gone")],
    ["server", "refused", () => (server.result = "refused")],
    ["server", "refused", () => (server.result = "something new")],
    ["server", "unreachable", () => (server.result = "unreachable")],
    ["arrival", "notArrived", () => (server.onTest = undefined)],
    ["heard", "noSound", () => (sounds = false)],
    ["heard", "soundOff", () => (wanted = false)],
  ])("stops at %s: %s", async (name, why, spoil) => {
    spoil();
    const checkup = new Checkup(notifications, around());
    await checkup.run();
    expect(failed(checkup)).toEqual([name, why]);
    const after = checkup.steps.value.slice(stepNames.indexOf(name) + 1);
    expect(after.every((step) => step.state === "waiting")).toBe(true);
    expect(checkup.running.value).toBe(false);
  });
});
