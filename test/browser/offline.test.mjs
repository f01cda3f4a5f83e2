// The app without a network: it starts, shows what it has, keeps what is written, and catches up. And how a new version of it comes.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before, test } from "node:test";
import { directRoom, groupRoom, sayAll, startDemo } from "./demo.mjs";
import { assertAccessible, assertCalm, desktop, eventually, launch, openRoom, openWindow, phone, say, signIn, signedIn, signOut, texts } from "./window.mjs";

let demo, browser;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Resolves when the app's files are on this device. */
async function kept(page) {
  await page.evaluate(async () => await navigator.serviceWorker.ready);
}

async function setOffline(page, off) {
  await page.context().setOffline(off);
}

async function assertShows(page, lines) {
  await eventually(async () => {
    const shown = await texts(page);
    for (const line of lines) assert.ok(shown.includes(line), `${line} is not among ${shown.join(", ")}`);
  });
}

/** What is behind a gap is reached by its button: the timeline keeps the reader's place. */
async function assertReaches(page, lines) {
  const latest = page.getByRole("button", { name: /Go to the latest messages|new messages?$/ });
  await eventually(async () => {
    if (await latest.isVisible()) await latest.click({ timeout: 1_000 });
    const shown = await texts(page);
    for (const line of lines) assert.ok(shown.includes(line), `${line} is not among ${shown.join(", ")}`);
  }, 30_000);
}

for (const [size, options] of Object.entries({ desktop, phone })) {
  test(`the app starts without a network, with the last conversations to read: ${size}`, async () => {
    const [asha, ben] = demo.users;
    const room = await groupRoom(demo, `Ward 7, offline test, ${size}`, [asha, ben]);
    const page = await signedIn(browser, demo, asha, options);
    await sayAll(demo, ben, room, ["Bed 3 is going to theatre", "Bloods at six"]);
    await openRoom(page, room);
    await assertShows(page, ["Bed 3 is going to theatre", "Bloods at six"]);
    await kept(page);
    await setOffline(page, true);
    await page.reload();
    await assertShows(page, ["Bed 3 is going to theatre", "Bloods at six"]);
    await page.locator(".banner", { hasText: "No connection" }).waitFor();
    await assertAccessible(page, `a conversation without a network, ${size}`);
    await page.goto(demo.url);
    await page.locator(`[data-room="${room}"]`, { hasText: "Bloods at six" }).waitFor();
    await page.locator(".banner", { hasText: "No connection" }).waitFor();
    await assertAccessible(page, `the list without a network, ${size}`);
    await page.goto(`${demo.url}/settings/appearance`);
    await page.getByRole("heading", { name: "Appearance" }).waitFor();
    await setOffline(page, false);
    await page.locator(".banner", { hasText: "No connection" }).waitFor({ state: "detached", timeout: 60_000 });
    assertCalm(page);
    await page.context().close();
  });
}

test("half an hour without a network loses nothing, in either direction, and catching up does not flash", async () => {
  const [, ben, carys] = demo.users;
  const room = await directRoom(demo, ben, carys);
  const page = await openWindow(browser, demo.url);
  await page.clock.install();
  await page.reload();
  await signIn(page, ben);
  await sayAll(demo, carys, room, ["before"]);
  await openRoom(page, room);
  await assertShows(page, ["before"]);
  await kept(page);
  await setOffline(page, true);
  await page.locator(".banner", { hasText: "No connection" }).waitFor();
  const mine = Array.from({ length: 6 }, (_, at) => `from the lift ${at}`);
  for (const line of mine.slice(0, 3)) await say(page, line);
  await page.clock.fastForward("15:00");
  await page.reload();
  await assertShows(page, ["before", ...mine.slice(0, 3)]);
  for (const line of mine.slice(3)) await say(page, line);
  const theirs = Array.from({ length: 30 }, (_, at) => `from the ward ${at}`);
  await sayAll(demo, carys, room, theirs);
  await page.clock.fastForward("15:00");
  await page.evaluate(() => {
    // Whatever the list or the conversation shows at any moment from now on: never nothing, never a skeleton.
    globalThis.flashes = [];
    const look = () => {
      if (!document.querySelector("[data-room]")) globalThis.flashes.push("no list");
      if (!document.querySelector(".message .body")) globalThis.flashes.push("no messages");
      if (document.querySelector(".skeleton")) globalThis.flashes.push("a skeleton");
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  await setOffline(page, false);
  await page.clock.fastForward("01:00");
  const other = await signedIn(browser, demo, carys);
  await openRoom(other, room);
  await assertReaches(other, [...mine, theirs.at(-1)]);
  await eventually(async () => assert.equal(await page.locator("[data-state=queued]").count(), 0));
  await assertReaches(page, [theirs.at(-1), ...mine.slice(-1)]);
  for (const one of [page, other]) {
    const shown = await texts(one);
    assert.deepEqual(shown.filter((text) => text.startsWith("from the lift")), mine.filter((text) => shown.includes(text)), "in order, each once");
  }
  assert.deepEqual(await page.evaluate(() => [...new Set(globalThis.flashes)]), []);
  await Promise.all([page.context().close(), other.context().close()]);
});

test("only the app itself is kept by the worker: no answers, no media", async () => {
  const [asha, ben] = demo.users;
  const room = await directRoom(demo, asha, ben);
  const page = await signedIn(browser, demo, asha);
  await sayAll(demo, ben, room, ["A very private matter"]);
  await openRoom(page, room);
  await assertShows(page, ["A very private matter"]);
  await kept(page);
  await page.reload();
  await assertShows(page, ["A very private matter"]);
  const all = await page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const { url } of await cache.keys()) found.push([new URL(url).pathname, await (await cache.match(url)).text()]);
    }
    return found;
  });
  assert.ok(all.length > 5);
  for (const [path, content] of all) {
    assert.match(path, /^\/(assets\/[^/]+|icons\/[^/]+|index\.html|icon\.svg|manifest\.webmanifest|notes)$/);
    assert.ok(!content.includes("A very private matter") && !content.includes(asha.user_id), path);
  }
  await signOut(page);
  await page.context().close();
});

test("a new version waits until it is wanted, and then takes nothing with it", async () => {
  const { url, newer, stop } = await twoVersions();
  try {
    const [asha, ben] = demo.users;
    const room = await directRoom(demo, asha, ben);
    const page = await openWindow(browser, url);
    await signIn(page, asha);
    await kept(page);
    await openRoom(page, room);
    await page.locator("#composer").fill("half a sentence");
    const offer = page.getByText("A new version of Wardline is ready.");
    assert.equal(await offer.count(), 0);
    newer();
    await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
    await offer.waitFor();
    await assertAccessible(page, "a new version is offered");
    assert.equal(await page.locator("#composer").inputValue(), "half a sentence", "nothing happens by itself");
    const loaded = page.waitForEvent("load");
    await page.getByRole("button", { name: "Use it now" }).click();
    await loaded;
    await page.locator("#composer").waitFor();
    await eventually(async () => assert.equal(await page.locator("#composer").inputValue(), "half a sentence"));
    assert.equal(await offer.count(), 0);
    const versions = async () => await page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith("wardline-shell-")));
    assert.ok((await versions()).includes("wardline-shell-newer"));
    await setOffline(page, true);
    await page.reload();
    await page.locator("#composer").waitFor();
    assertCalm(page);
    await page.context().close();
  } finally {
    await stop();
  }
});

test("the app can be installed: a manifest, and its icons in their sizes", async () => {
  const page = await openWindow(browser, demo.url);
  await kept(page);
  const session = await page.context().newCDPSession(page);
  const { errors, data } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const { name, start_url, display, icons } = JSON.parse(data);
  assert.deepEqual([name, start_url, display], ["Wardline", "/", "standalone"]);
  assert.ok(icons.some((icon) => icon.purpose === "maskable"));
  for (const { src, sizes } of icons.filter((icon) => icon.sizes !== "any")) {
    const [width, height] = await page.evaluate(async (src) => {
      const { width, height } = await createImageBitmap(await (await fetch(src)).blob());
      return [width, height];
    }, src);
    assert.equal(`${width}x${height}`, sizes);
  }
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // Windows of tests are private ones, and those install nothing.
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
  await page.context().close();
});

/** The server behind a door of its own, where from `newer` on the worker is another version's. */
async function twoVersions() {
  let isNewer = false;
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const plain = path === "/worker.js" ? { ...headers, "accept-encoding": "identity", "if-none-match": "" } : headers;
    const onward = request(new URL(path, demo.url), { method, headers: plain }, async (answer) => {
      if (path !== "/worker.js") return void answer.pipe(outgoing.writeHead(answer.statusCode, answer.headers));
      let text = "";
      for await (const chunk of answer) text += chunk;
      if (isNewer) text = text.replace(/version:"[0-9a-f]+"/, 'version:"newer"');
      const { "content-length": _length, ...rest } = answer.headers;
      outgoing.writeHead(answer.statusCode, rest).end(text);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, newer: () => (isNewer = true), stop };
}
