// What happens around the page while someone is signed in: the app's badge, a sound for what comes where they are not looking, and
// the service worker's tidings.

import { effect } from "@preact/signals";
import { go, pathTo, route } from "../app/route";
import type { Conversations } from "../conversations/model";
import type { Account } from "../matrix/account";
import { language } from "../words/language";
import { words as general } from "../words/words";
import { words as worker } from "../worker/words";
import { forgetNotes, writeNotes } from "../worker/notes";
import { onTidings } from "../worker/page";
import { device, forgetDevice } from "./device";
import { hoursType, isQuiet, readHours } from "./hours";
import { Notifications } from "./model";
import { News } from "./news";
import { ring, setSound, soundOn } from "./sound";

/** Narrower than this, the list is not beside the conversation (app/style.css). */
const narrow = matchMedia("(max-width: 48em)");

export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Begins; the result ends it. */
export function attend(account: Account, conversations: Conversations): () => void {
  const notifications = new Notifications(account.client, device);
  void notifications.look();
  const endings = [
    onTidings((tidings) => {
      if (tidings.kind === "show list" && narrow.matches) go(pathTo());
      if (tidings.kind === "subscription changed") void notifications.look();
    }),
    showBadge(conversations),
    ringForNews(account, conversations, notifications),
    // The worker speaks the reader's language and is as quiet as the page, also when no page is open.
    effect(() => {
      void language.value;
      void writeNotes({ title: general.product, message: worker.message, test: worker.test, sound: soundOn.value }).catch(() => undefined);
    }),
  ];
  return () => endings.forEach((end) => end());
}

/** Signed out: this device is told of nothing any more, and remembers nothing of how it was to be told. */
export function attendNobody(): void {
  setSound(true);
  void forgetNotes().catch(() => undefined);
  void forgetDevice().catch(() => undefined);
}

function showBadge(conversations: Conversations): () => void {
  return effect(() => {
    const unread = conversations.unread.value;
    if (!conversations.loaded.value || !("setAppBadge" in navigator)) return;
    (unread > 0 ? navigator.setAppBadge(unread) : navigator.clearAppBadge()).catch(() => undefined);
  });
}

function ringForNews(account: Account, conversations: Conversations, notifications: Notifications): () => void {
  const news = new News();
  return effect(() => {
    const rooms = conversations.list.value;
    if (!conversations.loaded.value) return;
    const here = route.peek();
    const open = here.screen === "conversation" && document.visibilityState === "visible" && document.hasFocus() ? here.roomId : undefined;
    if (!news.take(rooms, open) || !soundOn.peek()) return;
    // A page in the background leaves it to the notification, if there is one.
    if (document.visibilityState !== "visible" && notifications.state.peek() === "on") return;
    void ringUnlessQuiet(account);
  });
}

/** One window rings for all of this browser. */
async function ringUnlessQuiet(account: Account): Promise<void> {
  const content = await account.store.data(hoursType).catch(() => undefined);
  if (isQuiet(readHours(content, zone()), Date.now())) return;
  const once = async () => {
    await ring();
    await new Promise((resolve) => setTimeout(resolve, onceMs));
  };
  if (!navigator.locks) return await once();
  await navigator.locks.request("wardline:ring", { ifAvailable: true }, async (lock) => (lock ? await once() : undefined));
}

/** However much comes at once, it rings once in this time. */
const onceMs = 2_000;
