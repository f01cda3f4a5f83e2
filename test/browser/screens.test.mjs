// Pictures of the main screens. Every run takes them, so that a screen that cannot be reached fails; SCREENS=1 also puts
// them in docs/screens, where the documents show them (make screens).

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { startDemo } from "./demo.mjs";
import { assertCalm, desktop, launch, openWindow, phone, signIn } from "./window.mjs";

const wanted = process.env.SCREENS === "1";

/** A picture in the documents may not be larger than this, in bytes. */
const largest = 400_000;

/** Waits until what the picture is about is there. A screen that needs more than an address opens itself. */
const openFirst = async (page) => {
  await page.locator("[data-room]").nth(1).click();
  await page.locator(".message").first().waitFor();
};

const screens = [
  { name: "sign-in-phone", options: phone, signedIn: false, ready: (page) => page.getByRole("button", { name: "Sign in" }).waitFor() },
  { name: "list-phone", options: phone, ready: (page) => page.locator("[data-room]").first().waitFor() },
  { name: "list-phone-welsh", options: { ...phone, locale: "cy-GB" }, ready: (page) => page.locator("[data-room]").first().waitFor() },
  { name: "conversation-phone", options: phone, ready: openFirst },
  { name: "conversation-desktop", options: desktop, ready: openFirst },
  { name: "conversation-desktop-dark", options: { ...desktop, colorScheme: "dark" }, ready: openFirst },
  { name: "settings-desktop", options: desktop, path: "/settings/appearance", ready: (page) => page.getByRole("heading", { level: 1, name: "Appearance" }).waitFor() },
  { name: "devices-phone", options: phone, path: "/settings/devices", ready: (page) => page.locator(".device").first().waitFor() },
  { name: "style-page-desktop", options: desktop, path: "/styleguide", signedIn: false, ready: (page) => page.getByRole("heading", { level: 1, name: "Style page" }).waitFor() },
];

let demo, browser, folder;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  folder = wanted ? fileURLToPath(new URL("../../docs/screens", import.meta.url)) : await mkdtemp(join(tmpdir(), "wardline-screens-"));
  if (!wanted) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
});

after(async () => {
  await browser?.close();
  await demo?.stop();
  if (folder && !wanted) await rm(folder, { recursive: true, force: true });
});

for (const { name, options, path = "/", signedIn = true, ready } of screens) {
  test(name, async () => {
    // Still, so that a picture is not taken in mid-movement.
    const page = await openWindow(browser, demo.url, { ...options, reducedMotion: "reduce" });
    if (signedIn) await signInAnyLanguage(page, demo.users[0]);
    if (path !== "/") await page.goto(demo.url + path);
    await ready(page);
    await page.evaluate(() => document.fonts.ready);
    const picture = await page.screenshot({ path: join(folder, `${name}.png`), caret: "hide" });
    assert.ok(picture.length < largest, `${name} is ${picture.length} bytes`);
    assertCalm(page);
    await page.context().close();
  });
}

/** Signs in by the fields' own names, whatever language they are labelled in. */
async function signInAnyLanguage(page, person) {
  await page.locator("#user").waitFor(); // the page says its language before it shows anything
  if ((await page.evaluate(() => document.documentElement.lang)) === "en-GB") return await signIn(page, person);
  await page.locator("#user").fill(person.user_id);
  await page.locator("#password").fill(person.password);
  await page.locator("form button[type=submit]").click();
}
