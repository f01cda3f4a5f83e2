// Sending that never loses: crashes in the middle of it, two tabs, half an hour offline, what waits and what is taken back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { groupRoom, messagesOf, startDemo } from "./demo.mjs";
import { png } from "./picture.mjs";
import { assertAccessible, assertCalm, eventually, launch, openRoom, phone, say, signedIn, texts } from "./window.mjs";

let demo, browser, amara, grace;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  [amara, grace] = demo.users;
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function inRoom(name, options) {
  const room = await groupRoom(demo, name, [amara, grace]);
  const page = await signedIn(browser, demo, amara, options);
  await openRoom(page, room);
  return { page, room, context: page.context() };
}

async function atServer(room) {
  return (await messagesOf(demo, grace, room)).map((event) => event.content.body);
}

/** Ends the page's process as a crash does: nothing of it runs any more. */
async function crash(page) {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  session.send("Page.crash").catch(() => undefined);
  await crashed;
}

/** Another window of the same browser, in the same room. */
async function another(page, room) {
  const next = await page.context().newPage();
  await next.goto(`${demo.url}/conversation/${encodeURIComponent(room)}`);
  await next.locator("#composer").waitFor();
  return next;
}

/** Holds the requests that match, before or after they reached the server; `held` resolves when one was. */
async function hold(page, pattern, { arrives }) {
  let reached;
  const held = new Promise((resolve) => (reached = resolve));
  await page.route(pattern, async (route) => {
    if (arrives) await route.fetch();
    reached();
  });
  return { held };
}

for (const arrives of [false, true]) {
  test(`a crash in mid-send, the request ${arrives ? "answered but not heard" : "not gone out"}: sent once, in order, at the next visit`, async () => {
    const { page, room, context } = await inRoom(`Crash ${arrives}`);
    const { held } = await hold(page, "**/send/m.room.message/**", { arrives });
    for (const text of ["one", "two", "three"]) await say(page, text);
    await held;
    await eventually(async () => assert.deepEqual(await texts(page), ["one", "two", "three"]));
    await crash(page);
    const next = await another(page, room);
    await eventually(async () => assert.deepEqual(await atServer(room), ["one", "two", "three"]));
    await eventually(async () => assert.equal(await next.locator('.message.mine[data-state="received"]').count(), 3));
    await eventually(async () => assert.deepEqual(await texts(next), ["one", "two", "three"]));
    assertCalm(next);
    await context.close();
  });
}

test("a crash in the middle of an upload: the picture and the words after it arrive, once and in order", async () => {
  const { page, room, context } = await inRoom("Crash upload");
  const { held } = await hold(page, "**/media/v3/upload/**", { arrives: true });
  await page.locator("input[type=file]").setInputFiles({ name: "wound.png", mimeType: "image/png", buffer: png() });
  await page.locator(".piece").waitFor();
  await say(page, "left heel");
  await say(page, "day 3");
  await held;
  await crash(page);
  const uploads = [];
  context.on("request", (request) => /media\/v1\/create/.test(request.url()) && uploads.push(request.url()));
  await another(page, room);
  await eventually(async () => assert.deepEqual(await atServer(room), ["left heel", "day 3"]));
  assert.deepEqual(uploads, [], "the reservation that was made is used");
  await context.close();
});

test("a tab that stays open takes up what the other one left when it crashed, without a reload", async () => {
  const { page, room, context } = await inRoom("Two tabs, one crash");
  const other = await another(page, room);
  const { held } = await hold(page, "**/send/m.room.message/**", { arrives: false });
  await say(page, "left behind");
  await held;
  await eventually(async () => assert.deepEqual(await texts(other), ["left behind"]));
  await crash(page);
  await eventually(async () => assert.deepEqual(await atServer(room), ["left behind"]));
  await eventually(async () => assert.equal(await other.locator('.message[data-state="received"]').count(), 1));
  assertCalm(other);
  await context.close();
});

test("two tabs writing at once send each message once, and show the same", async () => {
  const { page, room, context } = await inRoom("Two tabs");
  const other = await another(page, room);
  for (let i = 0; i < 4; i++) {
    await say(page, `left ${i}`);
    await say(other, `right ${i}`);
  }
  await eventually(async () => assert.equal((await atServer(room)).length, 8));
  const sent = await atServer(room);
  for (const side of ["left", "right"]) assert.deepEqual(sent.filter((text) => text.startsWith(side)), [0, 1, 2, 3].map((i) => `${side} ${i}`));
  await eventually(async () => {
    assert.deepEqual(await texts(page), sent);
    assert.deepEqual(await texts(other), sent);
  });
  await context.close();
});

test("half an hour offline: everything is kept, said to be waiting, and goes out in order on return", async () => {
  const { page, room, context } = await inRoom("Half an hour", phone);
  await page.clock.install();
  await context.setOffline(true);
  for (const text of ["one", "two"]) await say(page, text);
  await page.locator("input[type=file]").setInputFiles({ name: "wound.png", mimeType: "image/png", buffer: png() });
  await page.locator(".piece").waitFor();
  await say(page, "a picture");
  await say(page, "three");
  for (let minute = 0; minute < 30; minute++) await page.clock.runFor(60_000);
  await page.getByText("Waiting for a connection").first().waitFor();
  await assertAccessible(page, "waiting for a connection");
  assert.deepEqual(await atServer(room), []);
  await context.setOffline(false);
  await eventually(async () => {
    await page.clock.runFor(1_000);
    assert.deepEqual(await atServer(room), ["one", "two", "a picture", "three"]);
  });
  await eventually(async () => {
    await page.clock.runFor(1_000);
    assert.equal(await page.locator('.message.mine[data-state="received"]').count(), 4);
  });
  assertCalm(page);
  await context.close();
});

test("what waits can be taken back, and the rest goes out without it", async () => {
  const { page, room, context } = await inRoom("Taken back");
  await context.setOffline(true);
  for (const text of ["keep", "wrong patient", "also keep"]) await say(page, text);
  const first = page.locator(".message", { hasText: "keep" }).first();
  await first.getByText("Waiting for a connection").waitFor();
  await first.getByRole("button", { name: "Cancel" }).click();
  await eventually(async () => assert.deepEqual(await texts(page), ["wrong patient", "also keep"]));
  await page.locator(".message", { hasText: "wrong patient" }).getByRole("button", { name: "Cancel" }).click();
  await context.setOffline(false);
  await eventually(async () => assert.deepEqual(await atServer(room), ["also keep"]));
  await eventually(async () => assert.deepEqual(await texts(page), ["also keep"]));
  await context.close();
});

test("a refusal is told in words on the message itself, which can be sent again", async () => {
  const { page, room, context } = await inRoom("Refused");
  const refusals = [
    [403, "M_FORBIDDEN", "you may not write in this conversation"],
    [413, "M_TOO_LARGE", "the message is too long"],
  ];
  for (const [status, errcode, words] of refusals) {
    await page.route("**/send/m.room.message/**", (route) => route.fulfill({ status, json: { errcode, error: "no" } }), { times: 1 });
    await say(page, errcode);
    const failed = page.locator(".message-failed", { hasText: words });
    await failed.waitFor();
    await failed.getByRole("button", { name: "Try again" }).click();
    await failed.waitFor({ state: "detached" });
  }
  await eventually(async () => assert.deepEqual(await atServer(room), ["M_FORBIDDEN", "M_TOO_LARGE"]));
  assertCalm(page);
  await context.close();
});

test("a full disk: the message still goes, and the window says that only it keeps it", async () => {
  const { page, room, context } = await inRoom("Full disk");
  await page.evaluate(() => {
    IDBObjectStore.prototype.add = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await page.route("**/send/m.room.message/**", (route) => route.abort());
  await say(page, "no room left");
  await page.getByText("Kept only in this window").waitFor();
  await page.unroute("**/send/m.room.message/**");
  await context.setOffline(true);
  await context.setOffline(false);
  await eventually(async () => assert.deepEqual(await atServer(room), ["no room left"]));
  await context.close();
});

test("the echo is on the screen before anything else is done with the message", async () => {
  const { page, context } = await inRoom("Echo");
  await page.locator("#composer").fill("at once");
  const frames = await page.evaluate(async () => {
    const field = document.querySelector("#composer");
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    let count = 0;
    while (!document.querySelector(".message.mine")) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      count++;
    }
    return count;
  });
  assert.ok(frames <= 2, `${frames} frames`);
  await context.close();
});
