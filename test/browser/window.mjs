// Windows of a real browser, and what the tests do in them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

export const desktop = { viewport: { width: 1280, height: 800 } };
export const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

/** A camera and a microphone that show and play something made up, allowed without a question. */
export const madeUpDevices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** A browser; `flags` are added to its command line. */
export async function launch(flags = []) {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...flags],
  });
}

/** A window of its own browser profile. Anything it complains about, other than a lost network, fails `assertCalm`. */
export async function openWindow(browser, url, options = desktop) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.on("page", listen);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

function listen(page) {
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|ERR_/.test(message.text())) page.complaints.push(message.text());
  });
}

export function assertCalm(page) {
  assert.deepEqual(page.complaints, []);
}

export async function signIn(page, person) {
  await page.getByLabel("Username").fill(person.user_id);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  const list = page.getByRole("navigation", { name: "Conversations" });
  const limited = page.locator(".error-summary", { hasText: "Too many attempts" });
  // All these people sign in from one address: the server may well ask them to wait.
  for (;;) {
    await page.getByRole("button", { name: "Sign in" }).click();
    await list.or(limited).first().waitFor();
    if (await list.isVisible()) return;
    await page.waitForTimeout(2_000);
  }
}

export async function signedIn(browser, demo, person, options = desktop) {
  const page = await openWindow(browser, demo.url, options);
  await signIn(page, person);
  return page;
}

/** Signs out by the account's menu. */
export async function signOut(page) {
  await page.getByRole("button", { name: /^Your account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
}

/** Opens a conversation by its address, as a link or a reload would. */
export async function openRoom(page, roomId) {
  const row = page.locator(`[data-room="${roomId}"]`);
  await row.waitFor();
  await row.click();
  await page.locator("#composer").waitFor();
}

export async function say(page, text) {
  await page.locator("#composer").fill(text);
  await page.locator("#composer").press("Enter");
}

/** The texts of the messages in the open conversation, oldest first. */
export async function texts(page) {
  return await page.locator(".message .body").allInnerTexts();
}

/** Waits until the check passes, and fails with its complaint if it never does. */
export async function eventually(check, ms = 10_000) {
  const until = Date.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

/** Fails with every violation of WCAG 2.2 A and AA, and of axe's good practice, that axe finds in the page as it stands. */
export async function assertAccessible(page, where) {
  // What is still fading in has other colours than it will have, and what opens this moment need not fade.
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime)).map((one) => one.finished)));
  // Through the debugging protocol: the page's own policy forbids script from elsewhere, and stays as it is.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  await session.detach();
  const { violations } = await page.evaluate(async () => await globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((one) => `${one.id}: ${one.help}\n  ${one.nodes.map((node) => `${node.html}\n  ${node.failureSummary}`).join("\n  ")}`);
  await page.emulateMedia({ reducedMotion: null });
  assert.deepEqual(found, [], `axe on ${where}`);
}

export async function databases(page) {
  return await page.evaluate(async () => (await indexedDB.databases()).map((one) => one.name));
}

/** What an object store of the app's database holds, as JSON. */
export async function stored(page, name) {
  return await page.evaluate(async (name) => {
    const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const db = await done(indexedDB.open("wardline"));
    try {
      return JSON.stringify(await done(db.transaction(name).objectStore(name).getAll()));
    } finally {
      db.close();
    }
  }, name);
}
