// Being told of messages when the app is closed: the real server pushes to a push service of these tests, which decrypts what it
// gets and hands it to the real service worker.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { directRoom, groupRoom, sayAll, startDemo } from "./demo.mjs";
import { PushService } from "./pushservice.mjs";
import { assertAccessible, assertCalm, desktop, eventually, launch, openRoom, phone, signIn, signOut } from "./window.mjs";

let demo, browser, service;

before(async () => {
  [demo, browser] = await Promise.all([startDemo("--private-gateways"), launch()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

beforeEach(async () => (service = await new PushService().start()));

afterEach(async () => await service.stop());

/** A window of one of the staff, with the push service in reach. */
async function ready(person, options = desktop) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  await service.serve(context);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(demo.url);
  await signIn(page, person);
  await page.evaluate(async () => await navigator.serviceWorker.ready);
  await service.reach(page);
  return page;
}

async function openSettings(page) {
  await page.goto(`${demo.url}/settings/notifications`);
  return page.getByRole("switch", { name: "Tell me about new messages when Wardline is closed" });
}

async function switchOn(page) {
  const toggle = await openSettings(page);
  await toggle.click();
  await eventually(async () => assert.ok((await toggle.isChecked()) && (await toggle.isEnabled())));
  return toggle;
}

/** What the system shows of ours. */
async function shown(page) {
  return await page.evaluate(async () => {
    const ours = await (await navigator.serviceWorker.ready).getNotifications();
    return ours.map(({ title, body, tag }) => ({ title, body, tag }));
  });
}

test("a message reaches somebody whose app is closed, and says nothing of what it is", async () => {
  const [asha, ben, carys] = demo.users;
  const room = await groupRoom(demo, "Haematology, push test", [asha, ben, carys]);
  const page = await ready(asha);
  await switchOn(page);
  await page.goto("about:blank");
  await sayAll(demo, ben, room, ["Haemoglobin is 61, bed 4"]);
  await eventually(async () => assert.equal(service.taken.length, 1));
  const [{ text, headers }] = service.taken;
  const { kind, unread, ...more } = JSON.parse(text);
  assert.deepEqual([kind, more], ["message", {}]);
  assert.ok(unread > 0);
  assert.deepEqual([headers.ttl, headers.urgency, headers.topic, headers["content-encoding"]], ["86400", "normal", "news", "aes128gcm"]);
  await page.goto(demo.url);
  await eventually(async () => assert.deepEqual(await shown(page), [{ title: "Wardline", body: "New message", tag: "message" }]));
  assertCalm(page);
  await page.context().close();
});

test("who looks at the app is not told by the system as well", async () => {
  const [asha, ben] = demo.users;
  const room = await directRoom(demo, ben, asha);
  const page = await ready(asha);
  await switchOn(page);
  await page.evaluate(() => navigator.serviceWorker.addEventListener("message", ({ data }) => (globalThis.pushed = (globalThis.pushed ?? 0) + Number(data.kind === "pushed"))));
  await sayAll(demo, ben, room, ["Are you coming?"]);
  await eventually(async () => assert.equal(service.taken.length, 1));
  assert.equal(service.taken[0].headers.urgency, "high");
  await eventually(async () => assert.equal(await page.evaluate(() => globalThis.pushed), 1));
  assert.deepEqual(await shown(page), []);
  await page.context().close();
});

test("the check goes through every step, and says where it ends", async () => {
  const page = await ready(demo.users[0]);
  await openSettings(page);
  const check = page.getByRole("button", { name: /^Check/ });
  const steps = page.locator(".check-step");
  await check.click();
  await steps.getByText("Switch on notifications at the top of this page").waitFor();
  await switchOn(page);
  await check.click();
  await page.getByText("Did you hear the sound?").waitFor();
  assert.deepEqual(await shown(page), [{ title: "Wardline", body: "This is a test: this device can be told of messages", tag: "test" }]);
  assert.match(await steps.nth(5).innerText(), /It took \d+\.\d seconds/);
  const answer = (at, name) => steps.nth(at).getByRole("button", { name });
  await answer(6, "Yes").press("Enter");
  assert.ok(await steps.nth(6).evaluate((row) => row === document.activeElement), "the focus stays where the buttons were");
  await answer(7, "Yes").click();
  await page.getByText("Yes. This device is told of messages.").waitFor();
  service.answer = 503;
  await check.click();
  await steps.getByText("The notification service did not take the test").waitFor();
  await page.getByText("No. This device would not ring.").waitFor();
  service.answer = 410;
  await check.click();
  await steps.getByText("The registration has run out").waitFor();
  assertCalm(page);
  await page.context().close();
});

test("signing out ends it: here, at the server, and in what is remembered", async () => {
  const [, ben] = demo.users;
  const page = await ready(ben);
  await switchOn(page);
  const known = async () => await page.evaluate(async () => [(await caches.keys()).includes("wardline-notes"), (await (await navigator.serviceWorker.ready).pushManager.getSubscription()) !== null]);
  assert.deepEqual(await known(), [true, true]);
  await page.goto(demo.url);
  await signOut(page);
  await page.getByLabel("Username").waitFor();
  await eventually(async () => assert.deepEqual(await known(), [false, false]));
  await signIn(page, ben);
  const toggle = await openSettings(page);
  await eventually(async () => assert.ok(await toggle.isEnabled()));
  assert.equal(await toggle.isChecked(), false);
  await page.context().close();
});

test("quiet hours and levels are kept with the account", async () => {
  const [, , carys, dev] = demo.users;
  const room = await groupRoom(demo, "Tea rota, push test", [carys, dev]);
  const page = await ready(carys);
  await openSettings(page);
  await page.getByRole("switch", { name: "Do not disturb me at certain hours" }).click();
  await page.getByLabel("From", { exact: true }).fill("22:15");
  await page.getByLabel("To", { exact: true }).fill("22:15");
  await page.getByText("Choose two different times").waitFor();
  await page.getByLabel("To", { exact: true }).fill("06:45");
  await page.getByLabel("Friday").check();
  await page.getByLabel("Find a conversation").fill("téa rota");
  const level = page.getByLabel("Notifications from Tea rota, push test");
  await level.selectOption("Nothing");
  await page.getByLabel("Find a conversation").fill("no such conversation");
  await page.getByText("No conversation has this name.").waitFor();
  const other = await ready(carys, phone);
  await openSettings(other);
  await eventually(async () => assert.equal(await other.getByLabel("From", { exact: true }).inputValue(), "22:15"));
  assert.equal(await other.getByLabel("To", { exact: true }).inputValue(), "06:45");
  assert.ok(await other.getByLabel("Friday").isChecked());
  const there = other.getByLabel("Notifications from Tea rota, push test");
  assert.equal(await there.inputValue(), "none");
  await there.selectOption("Mentions of me");
  await page.getByLabel("Find a conversation").fill("");
  await eventually(async () => assert.equal(await level.inputValue(), "mentions"));
  await sayAll(demo, dev, room, ["Milk, anyone?"]);
  await page.goto(demo.url);
  await page.locator(`[data-room="${room}"]`, { hasText: "Milk, anyone?" }).waitFor();
  assert.equal(await page.locator(`[data-room="${room}"] .badge`).count(), 0, "what one is not told of does not count as unread");
  await Promise.all([page.context().close(), other.context().close()]);
});

test("an open app sounds for what comes elsewhere, once, and is silent when told so", async () => {
  const [asha, ben, carys] = demo.users;
  const [here, elsewhere] = [await groupRoom(demo, "Here, push test", [asha, ben]), await groupRoom(demo, "Elsewhere, push test", [asha, carys])];
  const context = await browser.newContext({ locale: "en-GB", ...desktop });
  await context.addInitScript(() => {
    globalThis.tones = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...at) {
      globalThis.tones++;
      start.apply(this, at);
    };
  });
  const page = await context.newPage();
  await page.goto(demo.url);
  await signIn(page, asha);
  await openRoom(page, here);
  const tones = async () => await page.evaluate(() => globalThis.tones);
  const arrived = async (person, room, text) => {
    await sayAll(demo, person, room, [text]);
    await page.locator(`[data-room="${room}"]`, { hasText: text }).waitFor();
  };
  await arrived(ben, here, "in front of her eyes");
  assert.equal(await tones(), 0);
  await arrived(carys, elsewhere, "behind her back");
  await eventually(async () => assert.equal(await tones(), 2));
  await page.goto(`${demo.url}/settings/notifications`);
  await page.getByRole("switch", { name: "Make a sound on this device" }).click();
  await page.goto(demo.url);
  await page.locator(`[data-room="${elsewhere}"]`).waitFor();
  await arrived(carys, elsewhere, "silently");
  assert.equal(await tones(), 0);
  await context.close();
});

for (const [size, options] of Object.entries({ desktop, phone })) {
  for (const [theme, device] of Object.entries({ light: { colorScheme: "light" }, dark: { colorScheme: "dark" }, contrast: { colorScheme: "dark", contrast: "more" } })) {
    test(`axe: ${size}, ${theme}`, async () => {
      const page = await ready(demo.users[4], { ...options, ...device });
      await switchOn(page);
      await assertAccessible(page, `notifications, ${size}, ${theme}`);
      await page.getByRole("switch", { name: "Do not disturb me at certain hours" }).check();
      await page.getByLabel("Find a conversation").fill("a");
      await page.getByRole("button", { name: /^Check/ }).click();
      await page.getByText("Did you hear the sound?").waitFor();
      await page.locator(".check-step").nth(6).getByRole("button", { name: "No" }).click();
      await assertAccessible(page, `the check, ${size}, ${theme}`);
      await page.context().close();
    });
  }
}
