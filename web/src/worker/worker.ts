// The service worker: it starts the app without a network, and tells of messages when no page is open. It holds no session and
// calls no API. Compiled on its own (tsconfig.worker.json) and served as /worker.js.

import { words as general } from "../words/words";
import { fileFor, install, pageFor, partOf, tidy, type Shell } from "./shell";
import { readLetter, shownFor, type Letter, type Order, type Tidings } from "./letter";
import { readNotes, type Notes } from "./notes";
import { words } from "./words";

declare const self: ServiceWorkerGlobalScope;
/** Put in by web/build. */
declare const SHELL: Shell;

self.addEventListener("install", (event) => event.waitUntil(install(SHELL)));

self.addEventListener("activate", (event) => event.waitUntil(Promise.all([tidy(SHELL), self.clients.claim()])));

self.addEventListener("fetch", (event) => {
  const part = partOf(SHELL, event.request, self.location.origin);
  if (part === "page") event.respondWith(pageFor(SHELL, event.request));
  if (part === "file") event.respondWith(fileFor(SHELL, event.request));
});

self.addEventListener("message", (event) => {
  if ((event.data as Order | undefined)?.kind === "take over") event.waitUntil(self.skipWaiting());
});

self.addEventListener("push", (event) => event.waitUntil(pushed(readLetter(event.data?.text()))));

self.addEventListener("pushsubscriptionchange", (event) => (event as ExtendableEvent).waitUntil(tell({ kind: "subscription changed" })));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open());
});

async function pushed(letter: Letter): Promise<void> {
  const [pages, kept] = await Promise.all([windows(), readNotes()]);
  await tell({ kind: "pushed", letter });
  // Whoever is looking at the app sees the message; anyone else is told. A test is always shown: that is what it tests.
  const looking = pages.some((page) => page.focused && page.visibilityState === "visible");
  if (letter.kind === "test" || !looking) {
    const notes: Notes = { title: general.product, message: words.message, test: words.test, sound: true, ...kept };
    const { title, options } = shownFor(letter, notes);
    await self.registration.showNotification(title, options);
  }
  if (letter.kind === "message") await badge(letter.unread);
}

async function badge(unread: number): Promise<void> {
  try {
    await (unread > 0 ? self.navigator.setAppBadge(unread) : self.navigator.clearAppBadge());
  } catch {
    // Not every system has badges.
  }
}

async function windows(): Promise<readonly WindowClient[]> {
  return await self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

async function tell(tidings: Tidings): Promise<void> {
  for (const page of await windows()) page.postMessage(tidings);
}

/** Shows the list of conversations: in the window the person used last, or in a new one. */
async function open(): Promise<void> {
  const [page] = await windows();
  if (!page) {
    await self.clients.openWindow("/");
    return;
  }
  await page.focus();
  page.postMessage({ kind: "show list" } satisfies Tidings);
}
