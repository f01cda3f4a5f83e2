// Reading a conversation: what people do with its messages, how far those have come, and keeping one's place in a long one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { directRoom, groupRoom, sayAll, sendEvent, startDemo, upload } from "./demo.mjs";
import { assertAccessible, assertCalm, desktop, eventually, launch, openRoom, phone, say, signedIn, texts } from "./window.mjs";

let demo, browser, asha, ben, carys;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  [asha, ben, carys] = demo.users;
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const message = (page, text) => page.locator(".message", { has: page.locator(".body", { hasText: text }) }).first();

async function choose(page, text, action) {
  await message(page, text).locator(".bubble").click({ button: "right", position: { x: 6, y: 6 } });
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

/** A picture in one colour (PNG, RGB). */
function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 2, 0, 0, 0]);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x5e)]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}

/** Numbered lines, to be sent one after another. */
const numbered = (from, to) => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

/** The text at the upper edge of the timeline, and how far below the edge it begins. */
async function atTheTop(page) {
  return await page.locator(".timeline").evaluate((box) => {
    const edge = box.getBoundingClientRect().top;
    const first = [...box.querySelectorAll(".message")].find((one) => one.getBoundingClientRect().bottom > edge + 1);
    return { text: first?.querySelector(".body")?.textContent, below: Math.round((first?.getBoundingClientRect().top ?? 0) - edge) };
  });
}

test("reactions, replies, edits with their history, pins, stars and deletions, seen by both", async () => {
  const room = await groupRoom(demo, "Ward 7 timeline", [asha, ben]);
  await sayAll(demo, ben, room, ["Bed 4 can go home", "K+ 5.9, repeat sent"]);
  const [a, b] = await Promise.all([signedIn(browser, demo, asha), signedIn(browser, demo, ben, phone)]);
  await Promise.all([openRoom(a, room), openRoom(b, room)]);

  await message(a, "Bed 4").locator(".bubble").click({ button: "right", position: { x: 6, y: 6 } });
  await assertAccessible(a, "the menu of a message");
  await a.getByRole("menuitemcheckbox", { name: "React with 👍" }).click();
  await message(b, "Bed 4").getByRole("button", { name: /👍/ }).waitFor();
  await message(a, "Bed 4").getByRole("button", { name: /👍/ }).click();
  await message(b, "Bed 4").getByRole("button", { name: /👍/ }).waitFor({ state: "detached" });

  await choose(a, "K+ 5.9", "Reply");
  await say(a, "Seen, I will chase it");
  await message(b, "Seen, I will chase it").locator(".quote").getByText("K+ 5.9").waitFor();

  await choose(a, "Seen, I will chase it", "Edit");
  await eventually(async () => assert.equal(await a.locator("#composer").inputValue(), "Seen, I will chase it"));
  await say(a, "Seen, I have chased it");
  await message(b, "Seen, I have chased it").getByRole("button", { name: "edited" }).click();
  await eventually(async () => assert.deepEqual(await b.locator(".version").allInnerTexts(), ["Seen, I will chase it", "Seen, I have chased it"]));
  await assertAccessible(b, "earlier versions on a phone");
  await b.keyboard.press("Escape");

  await choose(a, "K+ 5.9", "Pin for everyone");
  await b.locator(".pinned-bar", { hasText: "K+ 5.9" }).waitFor();
  await choose(a, "K+ 5.9", "Star");
  await message(a, "K+ 5.9").getByText("Starred").waitFor();

  await choose(a, "Seen, I have chased it", "Delete for everyone");
  await a.getByRole("button", { name: "Delete for everyone" }).waitFor();
  await assertAccessible(a, "asking before a deletion");
  await a.getByRole("button", { name: "Delete for everyone" }).click();
  await b.locator(".body-absent", { hasText: "This message was deleted" }).waitFor();
  assertCalm(a);
  assertCalm(b);
  await Promise.all([a.context().close(), b.context().close()]);
});

test("one tick at the server, two on the device, blue when read; and who has it says when", async () => {
  const room = await directRoom(demo, asha, ben);
  const a = await signedIn(browser, demo, asha);
  await openRoom(a, room);
  await say(a, "Are you near AMU?");
  await eventually(async () => assert.equal(await message(a, "Are you near").locator(".ticks").getAttribute("title"), "Sent"));
  const b = await signedIn(browser, demo, ben);
  await eventually(async () => assert.equal(await message(a, "Are you near").locator(".ticks").getAttribute("title"), "Delivered"), 30_000);
  await choose(a, "Are you near", "Who has seen it");
  await a.getByRole("heading", { name: "Delivered to 1, not read yet" }).waitFor();
  await assertAccessible(a, "who has it");
  await a.keyboard.press("Escape");
  await openRoom(b, room);
  await eventually(async () => assert.equal(await message(a, "Are you near").locator(".ticks").getAttribute("title"), "Read"), 30_000);
  assert.ok(await message(a, "Are you near").locator(".ticks-read").isVisible());
  await choose(a, "Are you near", "Who has seen it");
  await a.getByRole("heading", { name: "Read by 1" }).waitFor();
  assertCalm(a);
  assertCalm(b);
  await Promise.all([a.context().close(), b.context().close()]);
});

test("a thread has its own place, and its first message says how many replies it has", async () => {
  const room = await groupRoom(demo, "Threads", [asha, ben]);
  await sayAll(demo, ben, room, ["Who can take the 14:00 clinic?", "Lunch?"]);
  const [a, b] = await Promise.all([signedIn(browser, demo, asha), signedIn(browser, demo, ben)]);
  await Promise.all([openRoom(a, room), openRoom(b, room)]);
  await choose(a, "14:00 clinic", "Reply in thread");
  await a.getByRole("heading", { name: "Thread", exact: true }).waitFor();
  await eventually(async () => assert.deepEqual(await texts(a), ["Who can take the 14:00 clinic?"]));
  await say(a, "I can");
  await eventually(async () => assert.deepEqual(await texts(a), ["Who can take the 14:00 clinic?", "I can"]));
  await message(b, "14:00 clinic").getByRole("button", { name: /1 reply/ }).click();
  await eventually(async () => assert.deepEqual(await texts(b), ["Who can take the 14:00 clinic?", "I can"]));
  await assertAccessible(b, "a thread");
  await a.getByRole("button", { name: "Back to the conversation" }).click();
  await eventually(async () => assert.deepEqual(await texts(a), ["Who can take the 14:00 clinic?", "Lunch?"]));
  assertCalm(a);
  assertCalm(b);
  await Promise.all([a.context().close(), b.context().close()]);
});

test("a long conversation holds little in the page, opens at the first unread, jumps back and comes forward again", async () => {
  const room = await groupRoom(demo, "Long", [asha, ben]);
  await sayAll(demo, ben, room, numbered(0, 30));
  const page = await signedIn(browser, demo, asha, desktop);
  await openRoom(page, room);
  await message(page, /^line 29$/).waitFor();
  await eventually(async () => assert.equal(await page.locator(`[data-room="${room}"] .badge`).count(), 0));
  await openRoom(page, await directRoom(demo, asha, carys));
  await sayAll(demo, ben, room, numbered(30, 230));
  await eventually(async () => assert.notEqual(await page.locator(`[data-room="${room}"] .badge`).count(), 0));
  await openRoom(page, room);
  await page.getByText("New messages").first().waitFor();
  await message(page, /^line 30$/).waitFor();
  assert.ok(await page.getByText("New messages", { exact: true }).isVisible(), "the first unread is in sight");

  await page.locator(".to-latest").click();
  await message(page, /^line 229$/).waitFor();
  await eventually(async () => assert.ok((await page.locator(".timeline [data-key]").count()) < 120, "few items in the page"));
  assert.equal(await page.locator(".to-latest").count(), 0);

  await page.locator(".timeline").evaluate((box) => (box.scrollTop = 0));
  await eventually(async () => {
    await page.locator(".timeline").evaluate((box) => (box.scrollTop = 0));
    assert.ok(await page.getByText("This is the start of the conversation").isVisible());
  }, 30_000);
  await message(page, /^line 0$/).waitFor();
  const before = await atTheTop(page);
  await sayAll(demo, ben, room, ["while you read"]);
  await page.locator(".to-latest", { hasText: "new message" }).waitFor();
  assert.deepEqual(await atTheTop(page), before);
  assertCalm(page);
  await page.context().close();
});

test("after an outage the place is kept, and what is missing comes in order", async () => {
  const room = await groupRoom(demo, "Outage", [asha, ben]);
  await sayAll(demo, ben, room, numbered(0, 40));
  const page = await signedIn(browser, demo, asha);
  await openRoom(page, room);
  await message(page, /^line 39$/).waitFor();
  await page.locator(".timeline").evaluate((box) => (box.scrollTop -= 500));
  await page.locator(".to-latest").waitFor();
  const before = await atTheTop(page);
  await page.context().setOffline(true);
  await sayAll(demo, ben, room, numbered(40, 130));
  await page.context().setOffline(false);
  await page.locator(".to-latest", { hasText: "new message" }).waitFor({ timeout: 60_000 });
  assert.equal((await atTheTop(page)).text, before.text);
  const seen = new Set();
  await eventually(async () => {
    await page.locator(".timeline").evaluate((box) => (box.scrollTop += 400));
    for (const text of await texts(page)) seen.add(text);
    assert.ok(seen.has("line 129"));
  }, 60_000);
  assert.deepEqual(numbered(40, 130).filter((text) => !seen.has(text)), []);
  assertCalm(page);
  await page.context().close();
});

test("what others wrote is shown and never run: markup, formatted text, right-to-left, very long", async () => {
  const room = await groupRoom(demo, "Hostile", [asha, ben]);
  await sayAll(demo, ben, room, ["<img src=x onerror=alert(1)>", "\u202Egnirts desrever", "عاجل: سرير ٤", "long ".repeat(2_000)]);
  const formatted = '<b>bold</b><img src=x onerror="document.title=1"><script>document.title=1</script><a href="javascript:alert(1)">bad</a> <a href="https://example.org/">https://nhs.uk/</a><p style="position:fixed">p</p>';
  await sendEvent(demo, ben, room, "m.room.message", { msgtype: "m.text", body: "plain form", format: "org.matrix.custom.html", formatted_body: formatted });
  const page = await signedIn(browser, demo, asha);
  await openRoom(page, room);
  await message(page, "<img src=x onerror=alert(1)>").waitFor();
  const rich = page.locator(".rich");
  await rich.locator("b", { hasText: "bold" }).waitFor();
  const inside = await rich.evaluate((box) => ({ tags: [...box.querySelectorAll("*")].map((one) => one.localName), links: [...box.querySelectorAll("a")].map((one) => [one.getAttribute("href"), one.textContent, one.rel]), styled: box.querySelector("[style]") !== null }));
  assert.ok(!inside.tags.includes("img") && !inside.tags.includes("script") && !inside.styled, JSON.stringify(inside));
  assert.deepEqual(inside.links, [["https://example.org/", "https://example.org/", "noopener noreferrer"]]);
  const long = message(page, "long long");
  assert.ok((await long.locator(".body").innerText()).length < 2_000);
  await long.getByRole("button", { name: "Show the whole message" }).click();
  await eventually(async () => assert.ok((await long.locator(".body").innerText()).length > 9_000));
  // The browser says of what the library took away that it would not have run anyway; nothing else complains.
  assert.deepEqual(page.complaints.filter((one) => !one.includes("Content Security Policy")), []);
  assert.notEqual(await page.title(), "1");
  await page.context().close();
});

test("pictures have their place before they come, open in full, enlarge, and are in the gallery; files by name and size", async () => {
  const room = await groupRoom(demo, "Pictures", [asha, ben]);
  const picture = await upload(demo, ben, "image/png", png(40, 30));
  await sendEvent(demo, ben, room, "m.room.message", { msgtype: "m.image", body: "wound.png", url: picture, info: { w: 800, h: 600, mimetype: "image/png" } });
  const file = await upload(demo, ben, "application/pdf", Buffer.from("%PDF-1.4\n"));
  await sendEvent(demo, ben, room, "m.room.message", { msgtype: "m.file", body: "rota.pdf", url: file, info: { size: 123_000, mimetype: "application/pdf" } });
  const page = await signedIn(browser, demo, asha, phone);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/media/thumbnail/**", async (route) => {
    await held;
    await route.continue();
  });
  await openRoom(page, room);
  const box = page.getByRole("button", { name: "Open photo: wound.png" });
  // History may still come in above; the picture's own size is what must not change.
  const size = async () => await box.evaluate((one) => [one.offsetWidth, one.offsetHeight]);
  const empty = await size();
  release();
  await box.locator("img").waitFor();
  assert.deepEqual(await size(), empty);
  await page.locator(".file-row", { hasText: "PDF, 123 KB" }).waitFor();
  await box.click();
  await page.locator(".viewer-place img").waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByText("150 %").waitFor();
  await assertAccessible(page, "a picture in full");
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "More about this conversation" }).click();
  await page.getByRole("menuitem", { name: "Photos and files" }).click();
  await page.locator(".gallery-photo img").waitFor();
  await assertAccessible(page, "the gallery");
  await page.getByRole("tab", { name: "Files" }).click();
  await page.locator(".gallery-files", { hasText: "rota.pdf" }).waitFor();
  assertCalm(page);
  await page.context().close();
});

test("by keyboard alone: to a message, its menu, and back", async () => {
  const room = await groupRoom(demo, "Keys", [asha, ben]);
  await sayAll(demo, ben, room, ["first", "second", "third"]);
  const page = await signedIn(browser, demo, asha);
  await openRoom(page, room);
  await message(page, "third").waitFor();
  await page.getByRole("region", { name: "Messages" }).focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowUp");
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.querySelector(".body")?.textContent), "second"));
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await message(page, "second").getByRole("button", { name: /✅/ }).waitFor();
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.querySelector(".body")?.textContent), "second"));
  assertCalm(page);
  await page.context().close();
});

test("axe finds nothing in the messages, in who has one, and in a thread, in any theme", async () => {
  const room = await groupRoom(demo, "Themes", [asha, ben]);
  const said = await sendEvent(demo, ben, room, "m.room.message", { msgtype: "m.text", body: "Can you see bed 2 first?", "m.mentions": { user_ids: [asha.user_id] } });
  await sendEvent(demo, ben, room, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: said, key: "✅" } });
  await sendEvent(demo, ben, room, "m.room.message", { msgtype: "m.text", body: "In the thread", "m.relates_to": { rel_type: "m.thread", event_id: said } });
  await sendEvent(demo, asha, room, "m.room.message", { msgtype: "m.text", body: "On my way", "m.relates_to": { "m.in_reply_to": { event_id: said } } });
  await sendEvent(demo, ben, room, "m.room.message", { msgtype: "m.file", body: "rota.pdf", url: await upload(demo, ben, "application/pdf", Buffer.from("%PDF-1.4\n")) });
  const themes = [
    { ...desktop, colorScheme: "light" },
    { ...phone, colorScheme: "dark" },
    { ...desktop, contrast: "more" },
    { ...phone, forcedColors: "active" },
  ];
  const page = await signedIn(browser, demo, asha);
  for (const { viewport, ...media } of themes) {
    const where = JSON.stringify(media);
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: media.colorScheme ?? null, contrast: media.contrast ?? null, forcedColors: media.forcedColors ?? null });
    if (!(await page.locator(".room").isVisible())) await openRoom(page, room);
    await page.locator(".file-row").waitFor();
    await assertAccessible(page, `the messages, ${where}`);
    await choose(page, "On my way", "Who has seen it");
    await page.locator(".reach").first().waitFor();
    await assertAccessible(page, `who has it, ${where}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /1 reply/ }).click();
    await message(page, "In the thread").waitFor();
    await assertAccessible(page, `a thread, ${where}`);
    await page.getByRole("button", { name: "Back to the conversation" }).click();
  }
  assertCalm(page);
  await page.context().close();
});
