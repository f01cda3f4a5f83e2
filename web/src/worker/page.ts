// The page's side of the service worker: it registers it, hears from it, and says when a newer version of the app waits. The newer
// one takes over when the person says so, or when no window is open any more: never under somebody's hands.

import { signal } from "@preact/signals";
import type { Order, Tidings } from "./letter";

const address = "/worker.js";
const hourMs = 3_600_000;

/** Whether a newer version of the app is installed and waits. */
export const updateReady = signal(false);

let registration: ServiceWorkerRegistration | undefined;
let reloading = false;

interface ScriptPolicy {
  createScriptURL(address: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
}

/** Where the browser insists on it (Trusted Types), an address of code has to come from a policy: this one allows one. */
function trusted(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  return trustedTypes?.createPolicy("wardline-worker", { createScriptURL: () => address }).createScriptURL(address) ?? address;
}

/** Registers the worker. Without one (an address without TLS, a browser that forbids it) the app works, with a network. */
export async function startWorker(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (reloading) location.reload();
  });
  try {
    registration = await navigator.serviceWorker.register(trusted(), { updateViaCache: "none" });
  } catch {
    return;
  }
  watch(registration);
  lookAgain(registration);
}

function watch(of: ServiceWorkerRegistration): void {
  const look = () => {
    // The first worker of all takes the place of none: there is nothing to wait for.
    updateReady.value = of.waiting !== null && of.active !== null;
  };
  const follow = (worker: ServiceWorker | null) => worker?.addEventListener("statechange", look);
  follow(of.installing);
  of.addEventListener("updatefound", () => follow(of.installing));
  look();
}

/** The browser looks for a newer version when the app is opened. Phones keep it open for weeks: so now and then as well. */
function lookAgain(of: ServiceWorkerRegistration): void {
  let last = Date.now();
  const look = () => {
    if (document.visibilityState !== "visible" || Date.now() - last < hourMs) return;
    last = Date.now();
    of.update().catch(() => undefined); // without a network: another time
  };
  document.addEventListener("visibilitychange", look);
  setInterval(look, hourMs);
}

/** Has the newer version take over, and begins anew with it. Drafts and what waits to be sent are in the store. */
export function beginNewVersion(): void {
  const order: Order = { kind: "take over" };
  reloading = true;
  if (registration?.waiting) registration.waiting.postMessage(order);
  else location.reload();
}

/** Hears what the worker tells. The result ends that. */
export function onTidings(listener: (tidings: Tidings) => void): () => void {
  if (!("serviceWorker" in navigator)) return () => undefined;
  const heard = (event: MessageEvent) => listener(event.data as Tidings);
  navigator.serviceWorker.addEventListener("message", heard);
  navigator.serviceWorker.startMessages();
  return () => navigator.serviceWorker.removeEventListener("message", heard);
}
