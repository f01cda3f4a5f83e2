// Would this device really ring? Step by step from the browser to the person's own eyes and ears; the first step that fails ends it,
// with what can be done about it. The last two only the person can answer.

import { signal } from "@preact/signals";
import type { Letter } from "../worker/letter";
import { Unreachable } from "../matrix/http";
import { uniqueId } from "../matrix/id";
import type { Notifications } from "./model";

export const stepNames = ["browser", "permission", "worker", "subscription", "server", "arrival", "seen", "heard"] as const;
export type StepName = (typeof stepNames)[number];

/** What went wrong: a key of words.why. */
export type Why = "noPush" | "homeScreen" | "blocked" | "notAsked" | "noWorker" | "notSubscribed" | "notListed" | "offline" | "gone" | "refused" | "unreachable" | "notArrived" | "notSeen" | "notHeard" | "noSound" | "soundOff";

export interface Step {
  name: StepName;
  /** "asked": the person is to say. */
  state: "waiting" | "running" | "good" | "bad" | "asked";
  why?: Why;
  /** How long a test push took to come back, in milliseconds. */
  ms?: number;
}

/** A push that is not here after this long is not what anybody would call being told. */
const arrivalMs = 20_000;

export interface Around {
  /** Hears the pushes that the service worker gets; the result ends that. */
  onPush(listener: (letter: Letter) => void): () => void;
  /** Whether this device is to make a sound at all. */
  sounds(): boolean;
  /** Makes the sound; false where the browser does not let it. */
  ring(): Promise<boolean>;
  /** Milliseconds, of a clock that never goes back. */
  now(): number;
  /** How long to wait for a push; 20 seconds unless told. */
  arrivalMs?: number;
}

export class Checkup {
  readonly steps = signal<readonly Step[]>(all("waiting"));
  readonly running = signal(false);

  constructor(
    private readonly notifications: Notifications,
    readonly around: Around,
  ) {}

  async run(): Promise<void> {
    if (this.running.value) return;
    this.running.value = true;
    this.steps.value = all("waiting");
    try {
      for (const name of stepNames) {
        this.#set({ name, state: "running" });
        const step = await this.#step(name);
        this.#set(step);
        if (step.state === "bad") return;
      }
    } finally {
      this.running.value = false;
    }
  }

  /** The person saw or heard it, or did not. */
  answer(name: "seen" | "heard", yes: boolean): void {
    this.#set(yes ? { name, state: "good" } : { name, state: "bad", why: name === "seen" ? "notSeen" : "notHeard" });
  }

  #set(step: Step): void {
    this.steps.value = this.steps.value.map((one) => (one.name === step.name ? step : one));
  }

  async #step(name: StepName): Promise<Step> {
    const { device } = this.notifications;
    const judged = (why: Why | undefined): Step => (why ? { name, state: "bad", why } : { name, state: "good" });
    switch (name) {
      case "browser":
        return judged(({ yes: undefined, no: "noPush", "home screen": "homeScreen" } as const)[device.support()]);
      case "permission":
        return judged(({ granted: undefined, denied: "blocked", default: "notAsked" } as const)[device.permission()]);
      case "worker":
        return judged((await device.worker()) ? undefined : "noWorker");
      case "subscription":
        return judged(await this.#subscribed());
      case "server":
        return await this.#push();
      case "arrival":
        return await this.#arrival();
      case "seen":
        return { name, state: "asked" };
      case "heard":
        if (!this.around.sounds()) return judged("soundOff");
        return (await this.around.ring()) ? { name, state: "asked" } : judged("noSound");
    }
  }

  async #subscribed(): Promise<Why | undefined> {
    if (!(await this.notifications.device.subscription().catch(() => undefined))) return "notSubscribed";
    try {
      return (await this.notifications.listed()) === undefined ? "notListed" : undefined;
    } catch (error) {
      return error instanceof Unreachable ? "offline" : "notListed";
    }
  }

  /** The test push that is under way: when it was asked for, and its coming. */
  #sent: { at: number; came: Promise<number>; forget: () => void } | undefined;

  async #push(): Promise<Step> {
    const name = "server";
    const id = uniqueId();
    this.#sent = this.#await(id);
    try {
      const { result } = await this.notifications.test(id);
      if (result === "accepted") return { name, state: "good" };
      this.#sent.forget();
      return { name, state: "bad", why: result === "gone" || result === "unreachable" ? result : "refused" };
    } catch (error) {
      this.#sent.forget();
      return { name, state: "bad", why: error instanceof Unreachable ? "offline" : "notListed" };
    }
  }

  /** Listens before the push is sent: it may come before the server's answer. */
  #await(id: string): { at: number; came: Promise<number>; forget: () => void } {
    const at = this.around.now();
    let forget = () => undefined as void;
    const came = new Promise<number>((resolve) => {
      forget = this.around.onPush((letter) => {
        if (letter.kind === "test" && letter.id === id) resolve(this.around.now() - at);
      });
    });
    return { at, came, forget };
  }

  async #arrival(): Promise<Step> {
    const name = "arrival";
    const sent = this.#sent;
    if (!sent) return { name, state: "bad", why: "notArrived" };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), this.around.arrivalMs ?? arrivalMs)));
    const ms = await Promise.race([sent.came, late]);
    clearTimeout(timer);
    sent.forget();
    return ms === undefined ? { name, state: "bad", why: "notArrived" } : { name, state: "good", ms };
  }
}

function all(state: Step["state"]): Step[] {
  return stepNames.map((name) => ({ name, state }));
}
