// This device, as far as it can be told of messages: permission, service worker, subscription. The browser's own part of it; what
// it means is the model's.

import type { Device, Permission, Subscribed } from "./model";

/** A worker that is not there after this long is not going to be. */
const workerMs = 10_000;

async function registration(): Promise<ServiceWorkerRegistration> {
  const late = new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error("no service worker")), workerMs));
  return await Promise.race([navigator.serviceWorker.ready, late]);
}

function read(subscription: PushSubscription): Subscribed {
  const { endpoint = "", keys = {} } = subscription.toJSON();
  const key = subscription.options.applicationServerKey;
  return { endpoint, p256dh: keys.p256dh ?? "", auth: keys.auth ?? "", serverKey: key ? encode(key) : "" };
}

function encode(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Phones and tablets of Apple have push only for apps on the home screen; their iPads say they are Macs. */
function wantsHomeScreen(): boolean {
  const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
  return apple && !matchMedia("(display-mode: standalone)").matches;
}

export const device: Device = {
  support() {
    if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) return "yes";
    return wantsHomeScreen() ? "home screen" : "no";
  },
  permission: () => ("Notification" in window ? (Notification.permission as Permission) : "default"),
  ask: async () => (await Notification.requestPermission()) as Permission,
  async worker() {
    return await registration().then(
      (found) => found.active !== null,
      () => false,
    );
  },
  async subscription() {
    const found = await (await registration()).pushManager.getSubscription();
    return found ? read(found) : undefined;
  },
  async subscribe(serverKey) {
    const { pushManager } = await registration();
    return read(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: serverKey }));
  },
  async unsubscribe() {
    await (await (await registration()).pushManager.getSubscription())?.unsubscribe();
  },
};

/** Signed out: nothing of the last person's comes here any more, and nothing of it is left on the screen. */
export async function forgetDevice(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const found = await navigator.serviceWorker.getRegistration();
  await (await found?.pushManager?.getSubscription())?.unsubscribe();
  for (const shown of (await found?.getNotifications?.()) ?? []) shown.close();
  await navigator.clearAppBadge?.();
}
