// Two people in two browsers, talking through the real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { directRoom, groupRoom, invite, revokeAll, sayAll, startDemo, forgetToken } from "./demo.mjs";
import { assertCalm, databases, desktop, eventually, launch, openRoom, openWindow, phone, say, signedIn, signIn, signOut, texts } from "./window.mjs";

let demo, browser, asha, ben, carys;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  [asha, ben, carys] = demo.users;
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

test("two people talk live, both ways, in one order", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  const b = await signedIn(browser, demo, ben);
  await Promise.all([openRoom(a, room), openRoom(b, room)]);
  await say(a, "Are the bloods back?");
  await eventually(async () => assert.deepEqual(await texts(b), ["Are the bloods back?"]));
  await say(b, "Potassium 5.9, repeat sent");
  await eventually(async () => assert.deepEqual(await texts(a), ["Are the bloods back?", "Potassium 5.9, repeat sent"]));
  for (let i = 0; i < 10; i++) await say(i % 2 ? a : b, `line ${i}`);
  await eventually(async () => {
    const [left, right] = [await texts(a), await texts(b)];
    assert.equal(left.length, 12);
    assert.deepEqual(left, right);
  });
  const order = await texts(a);
  for (const parity of [0, 1]) assert.deepEqual(order.filter((text) => /^line/.test(text) && Number(text.slice(5)) % 2 === parity), [0, 2, 4, 6, 8].map((i) => `line ${i + parity}`));
  assert.equal(await a.locator(".room-title h1").innerText(), ben.display_name);
  assert.equal(await b.locator(".room-title h1").innerText(), asha.display_name);
  assertCalm(a);
  assertCalm(b);
  await Promise.all([a.context().close(), b.context().close()]);
});

test("the echo is there at once, becomes the message without a copy, and shows when it was read", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await a.route("**/send/**", async (route) => {
    await held;
    await route.continue();
  });
  await say(a, "first");
  await say(a, "second");
  assert.deepEqual(await texts(a), ["first", "second"]);
  assert.deepEqual(await a.locator(".message").evaluateAll((all) => all.map((one) => one.dataset.state)), ["queued", "queued"]);
  const keys = await a.locator(".message").evaluateAll((all) => all.map((one) => one.dataset.key));
  release();
  await eventually(async () => assert.deepEqual(await a.locator(".message").evaluateAll((all) => all.map((one) => one.dataset.state)), ["received", "received"]));
  assert.deepEqual(await a.locator(".message").evaluateAll((all) => all.map((one) => one.dataset.key)), keys);
  assert.equal(await a.locator(".ticks-read").count(), 0);
  const b = await signedIn(browser, demo, ben);
  await openRoom(b, room);
  await eventually(async () => assert.equal(await a.locator(".ticks-read").count(), 2));
  assertCalm(a);
  await Promise.all([a.context().close(), b.context().close()]);
});

test("unread messages are counted, previewed, announced, and cleared by reading", async () => {
  const room = await groupRoom(demo, "Ward 7 nursing, browser test", [asha, ben, carys]);
  const elsewhere = await directRoom(demo, asha, carys);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, elsewhere);
  await sayAll(demo, ben, room, ["one", "two", "three"]);
  const row = a.locator(`[data-room="${room}"]`);
  await eventually(async () => assert.equal(await row.locator(".badge > span").first().innerText(), "3"));
  assert.equal(await row.locator(".row-last").innerText(), `${ben.display_name}: three`);
  // Favourites stay above; below them the latest comes first.
  assert.equal(await a.locator("[data-room]:not(:has([title=Favourite]))").first().getAttribute("data-room"), room);
  await openRoom(a, room);
  await eventually(async () => assert.equal(await row.locator(".badge").count(), 0));
  await sayAll(demo, carys, room, ["four"]);
  await eventually(async () => assert.equal(await a.locator("section [aria-live=polite]").innerText(), `${carys.display_name}: four`));
  await eventually(async () => assert.equal(await row.locator(".badge").count(), 0));
  assertCalm(a);
  await a.context().close();
});

test("typing is shown while it lasts", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  const b = await signedIn(browser, demo, ben, phone);
  await Promise.all([openRoom(a, room), openRoom(b, room)]);
  await b.locator("#composer").pressSequentially("one mom");
  await a.locator("p.typing", { hasText: `${ben.display_name} is typing` }).waitFor();
  await b.locator("#composer").fill("");
  await eventually(async () => assert.equal(await a.locator("p.typing").innerText(), ""));
  await Promise.all([a.context().close(), b.context().close()]);
});

test("Shift and Enter begin a line, Enter sends, markup stays text", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  const composer = a.locator("#composer");
  const low = (await composer.boundingBox()).height;
  await composer.pressSequentially("<img src=x onerror=alert(1)>");
  for (let i = 0; i < 3; i++) await composer.press("Shift+Enter");
  await composer.pressSequentially("<b>end</b>");
  assert.ok((await composer.boundingBox()).height > low);
  await composer.press("Enter");
  await eventually(async () => assert.deepEqual(await texts(a), ["<img src=x onerror=alert(1)>\n\n\n<b>end</b>"]));
  assert.equal((await composer.boundingBox()).height, low);
  assert.equal(await a.locator(".body img, .body b").count(), 0);
  assertCalm(a);
  await a.context().close();
});

/**
 * Scrolls a timeline to the top of what it has, and tells which message is then second on the screen and where: the first
 * becomes one of a group when those before it come.
 */
async function topAfterScrollingUp(element) {
  element.scrollTop = 0;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const edge = element.getBoundingClientRect().top;
  const [, body] = [...element.querySelectorAll(".message .body")].filter((one) => one.getBoundingClientRect().top >= edge);
  return { text: body.innerText, top: body.getBoundingClientRect().top };
}

/** Where a message stands on the screen; undefined when it is not in the page. */
function topOf(element, text) {
  return [...element.querySelectorAll(".message .body")].find((body) => body.innerText === text)?.getBoundingClientRect().top;
}

test("history loads upwards and keeps the reader's place", async () => {
  const room = await directRoom(demo, asha, ben);
  const bodies = Array.from({ length: 160 }, (_, i) => `message ${i}`);
  await sayAll(demo, ben, room, bodies);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  await eventually(async () => assert.equal((await texts(a)).at(-1), "message 159"));
  const timeline = a.locator(".timeline");
  const seen = new Set();
  let worst = 0;
  await eventually(async () => {
    const before = await timeline.evaluate(topAfterScrollingUp);
    await a.waitForTimeout(150);
    const after = await timeline.evaluate(topOf, before.text);
    for (const text of await texts(a)) seen.add(text);
    if (after !== undefined && (await texts(a))[0] !== before.text) worst = Math.max(worst, Math.abs(after - before.top));
    assert.equal((await texts(a))[0], "message 0");
  }, 20_000);
  assert.ok(worst <= 2, `the text moved by ${worst} px while history was added above it`);
  // Going down again passes every message: what is far from the screen is not in the page.
  await eventually(async () => {
    await timeline.evaluate((element) => (element.scrollTop += element.clientHeight / 2));
    const here = await texts(a);
    for (const text of here) seen.add(text);
    assert.equal(here.at(-1), "message 159");
  }, 20_000);
  assert.deepEqual([...seen].sort(), [...bodies].sort());
  await timeline.evaluate((element) => (element.scrollTop -= 3 * element.clientHeight));
  await sayAll(demo, ben, room, ["while you were reading"]);
  await a.getByRole("button", { name: "1 new message" }).click();
  await a.locator(".message", { hasText: "while you were reading" }).waitFor();
  await eventually(async () => assert.ok(await timeline.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 2)));
  assertCalm(a);
  await a.context().close();
});

test("a conversation opens where reading stopped, and the window itself never scrolls", async () => {
  const room = await directRoom(demo, asha, ben);
  const elsewhere = await directRoom(demo, asha, carys);
  await sayAll(demo, ben, room, Array.from({ length: 30 }, (_, i) => `read ${i}`));
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  const row = a.locator(`[data-room="${room}"]`);
  await eventually(async () => assert.equal(await row.locator(".badge").count(), 0));
  await openRoom(a, elsewhere);
  await sayAll(demo, ben, room, Array.from({ length: 18 }, (_, i) => `unread ${i}`));
  await eventually(async () => assert.equal(await row.locator(".badge > span").first().innerText(), "18"));
  await openRoom(a, room);
  const mark = a.locator(".unread-mark");
  await mark.waitFor();
  const [top, edge] = [(await mark.boundingBox()).y, (await a.locator(".timeline").boundingBox()).y];
  assert.ok(top >= edge && top < edge + 60, `the mark is ${top - edge} px below the edge`);
  assert.deepEqual(await a.evaluate(() => [scrollY, document.documentElement.scrollHeight - innerHeight]), [0, 0]);
  assert.equal(await row.locator(".badge").count(), 1);
  await a.locator(".to-latest").click();
  await eventually(async () => assert.equal(await row.locator(".badge").count(), 0));
  assertCalm(a);
  await a.context().close();
});

test("a reload keeps the session, the conversation and what was not yet sent", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  await say(a, "before");
  await eventually(async () => assert.equal(await a.locator(".message[data-state=received]").count(), 1));
  await a.route("**/send/**", (route) => route.abort());
  await say(a, "kept over the reload");
  await a.reload();
  await a.locator("#composer").waitFor();
  await eventually(async () => assert.deepEqual(await texts(a), ["before", "kept over the reload"]));
  await a.unroute("**/send/**");
  await a.reload();
  await eventually(async () => assert.equal(await a.locator(".message[data-state=received]").count(), 2));
  assert.deepEqual(await texts(a), ["before", "kept over the reload"]);
  await a.context().close();
});

test("without a network it says so, keeps what is written, and catches up", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  await a.context().setOffline(true);
  await a.getByText(/^No connection\. Trying again/).waitFor();
  await say(a, "written without a network");
  await sayAll(demo, ben, room, ["meanwhile"]);
  assert.equal(await a.locator(".message[data-state=queued]").count(), 1);
  await a.context().setOffline(false);
  await eventually(async () => assert.equal(await a.locator(".banner").count(), 0));
  await eventually(async () => assert.deepEqual(await texts(a), ["meanwhile", "written without a network"]));
  await eventually(async () => assert.equal(await a.locator(".message[data-state=received]").count(), 2));
  await a.context().close();
});

test("two tabs of one browser share one session, one sync and one queue", async () => {
  const room = await directRoom(demo, asha, ben);
  const first = await signedIn(browser, demo, asha);
  await openRoom(first, room);
  const second = await first.context().newPage();
  await second.goto(first.url());
  await second.locator("#composer").waitFor();
  await say(second, "from the second tab");
  await eventually(async () => assert.deepEqual(await texts(first), ["from the second tab"]));
  await sayAll(demo, ben, room, ["answer"]);
  await eventually(async () => assert.deepEqual(await texts(second), ["from the second tab", "answer"]));
  await first.close();
  await sayAll(demo, ben, room, ["after the first tab closed"]);
  await eventually(async () => assert.equal((await texts(second)).at(-1), "after the first tab closed"), 20_000);
  await second.context().close();
});

test("signing out leaves nothing behind, in any tab", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  await say(a, "nothing of this stays");
  const other = await a.context().newPage();
  await other.goto(demo.url);
  await other.locator("[data-room]").first().waitFor();
  assert.deepEqual(await databases(a), ["wardline"]);
  await eventually(async () => assert.equal(await a.locator(".message[data-state=received]").count(), 1));
  await signOut(a);
  await a.getByRole("heading", { name: "Sign in to Wardline" }).waitFor();
  assert.equal(await a.evaluate(() => location.pathname), "/");
  assert.equal(await a.evaluate(() => document.activeElement?.tagName), "H1");
  await other.getByText("You signed out in another window.").waitFor();
  await eventually(async () => assert.deepEqual(await databases(a), []));
  assert.equal(await a.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
  assertCalm(a);
  assertCalm(other);
  await a.context().close();
});

test("signing out with unsent messages asks first", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  await a.route("**/send/**", (route) => route.abort());
  await say(a, "unsent");
  await signOut(a);
  await a.getByText("1 message has not been sent.").waitFor();
  await a.getByRole("button", { name: "Stay signed in" }).click();
  assert.deepEqual(await texts(a), ["unsent"]);
  await signOut(a);
  await a.getByRole("button", { name: "Sign out anyway" }).click();
  await a.getByRole("heading", { name: "Sign in to Wardline" }).waitFor();
  await a.context().close();
});

test("a session that is revoked ends, and takes its data with it", async () => {
  const dara = demo.users[3];
  const page = await signedIn(browser, demo, dara);
  await page.getByRole("navigation", { name: "Conversations" }).waitFor();
  await revokeAll(demo, dara);
  forgetToken(dara);
  // At the latest when the request that is waiting ends.
  await page.getByText("You have been signed out.").waitFor({ timeout: 15_000 });
  assert.deepEqual(await databases(page), []);
  await page.context().close();
});

test("an invitation is read, accepted and written in", async () => {
  const name = "Discharge planning, browser test";
  const room = await invite(demo, ben, name, asha);
  const a = await signedIn(browser, demo, asha);
  await a.locator(`[data-room="${room}"]`).click();
  await a.getByText(`${ben.display_name} invited you`).last().waitFor();
  await a.getByRole("button", { name: "Accept" }).click();
  await eventually(async () => assert.equal(await a.evaluate(() => document.activeElement?.id), "composer"));
  await say(a, "thanks for adding me");
  await eventually(async () => assert.deepEqual(await texts(a), ["thanks for adding me"]));
  await eventually(async () => assert.equal(await a.locator(".message[data-state=received]").count(), 1));
  await a.context().close();
});

test("a wrong password is told in the summary, at the field, and in the title", async () => {
  const page = await openWindow(browser, demo.url, desktop);
  await page.getByRole("button", { name: "Sign in" }).click();
  const summary = page.locator(".error-summary");
  assert.deepEqual(await summary.getByRole("link").allInnerTexts(), ["Enter your username", "Enter your password"]);
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.className), "error-summary"));
  await summary.getByRole("link", { name: "Enter your password" }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "password");
  await page.getByLabel("Username").fill(asha.user_id);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await summary.getByText("The username or the password is not right").waitFor();
  await eventually(async () => assert.equal(await page.title(), "Error: Sign in to Wardline"));
  await signIn(page, asha);
  assertCalm(page);
  await page.context().close();
});

test("everything can be done with the keyboard alone", async () => {
  const room = await directRoom(demo, asha, ben);
  const page = await openWindow(browser, demo.url, desktop);
  const keys = page.keyboard;
  const focused = (selector) => eventually(async () => assert.ok(await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector), `${selector} has the focus`));
  await page.getByLabel("Username").focus();
  await keys.type(asha.user_id);
  await keys.press("Tab");
  await keys.type(asha.password);
  await keys.press("Enter");
  await page.locator(`[data-room="${room}"]`).waitFor();
  await focused("h1");
  await page.locator("[data-room]").first().focus();
  const ids = await page.locator("[data-room]").evaluateAll((all) => all.map((one) => one.dataset.room));
  for (let i = 0; i < ids.indexOf(room); i++) {
    await keys.press("ArrowDown");
    await focused(`[data-room="${ids[i + 1]}"]`);
  }
  await keys.press("Enter");
  await focused("#composer");
  await keys.type("by keyboard");
  await keys.press("Enter");
  await eventually(async () => assert.deepEqual(await texts(page), ["by keyboard"]));
  assert.equal(await page.evaluate(() => document.querySelectorAll("h1").length), 1);
  await focused("#composer");
  // Past the button that attaches.
  for (let i = 0; i < 2; i++) await keys.press("Shift+Tab");
  await focused(".timeline");
  await page.context().close();
});

test("a list of 2,000 conversations holds only what is in sight, and the keyboard reaches its end", async () => {
  const page = await openWindow(browser, demo.url, desktop);
  const rooms = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, i) => [`!long${i}`, { initial: true, name: `Conversation ${i}`, bump_stamp: 5_000 - i, notification_count: 1, required_state: [], timeline: [] }]),
  );
  let answered = false;
  await page.route("**/org.matrix.simplified_msc3575/sync*", async (route) => {
    if (answered) return await new Promise((resolve) => page.once("close", resolve));
    answered = true;
    await route.fulfill({ json: { pos: "1", lists: { all: { count: 2_000 } }, rooms, extensions: {} } });
  });
  await signIn(page, asha);
  await page.locator("[data-room]").first().waitFor();
  const row = (i) => page.locator(`[data-room="!long${i}"]`);
  assert.ok((await page.locator("[data-room]").count()) < 40);
  assert.equal(await row(0).locator("..").getAttribute("aria-setsize"), "2000");
  await row(0).focus();
  await page.keyboard.press("End");
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.dataset.room), "!long1999"));
  assert.ok(await row(1999).isVisible());
  assert.ok((await page.locator("[data-room]").count()) < 40);
  await page.keyboard.press("Home");
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.dataset.room), "!long0"));
  await eventually(async () => assert.match(await page.title(), /^\(99\+\)/));
  assertCalm(page);
  await page.context().close();
});

test("on a phone it is one pane at a time, and back returns to where one was", async () => {
  const room = await directRoom(demo, asha, ben);
  const page = await signedIn(browser, demo, asha, phone);
  await openRoom(page, room);
  assert.equal(await page.locator(".pane-list").isVisible(), false);
  await page.getByRole("link", { name: "Back to conversations" }).click();
  assert.equal(await page.locator(".pane-room").isVisible(), false);
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.dataset.room), room));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the screen`);
  await page.context().close();
});
