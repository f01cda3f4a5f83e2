// How the app looks and speaks, the account's menu and the settings, in the hands of a person.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./demo.mjs";
import { assertAccessible, assertCalm, desktop, eventually, launch, openWindow, phone, signedIn, signIn, signOut } from "./window.mjs";

let demo, browser, asha, ben, carys;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  [asha, ben, carys] = demo.users;
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Without the worker that keeps the app's files: what is not loaded yet then has to be. */
const uncached = { ...desktop, serviceWorkers: "block" };

const kept = (page) => page.evaluate(() => localStorage.getItem("wardline.preferences"));
const mark = (page, name) => page.evaluate((name) => document.documentElement.dataset[name], name);
const focusedText = (page) => page.evaluate(() => document.activeElement?.textContent);

async function openSettings(page, name) {
  await page.getByRole("button", { name: /^Your account/ }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

test("the account's menu opens, moves and closes by keyboard, and gives the focus back", async () => {
  const page = await signedIn(browser, demo, asha);
  const opener = page.getByRole("button", { name: `Your account: ${asha.display_name}` });
  await opener.focus();
  await page.keyboard.press("Enter");
  const items = page.getByRole("menuitem");
  await eventually(async () => assert.equal(await focusedText(page), "Settings"));
  const labels = (await items.allInnerTexts()).map((label) => label.trim());
  await page.keyboard.press("End");
  assert.equal(await focusedText(page), labels.at(-1));
  await page.keyboard.press("ArrowDown");
  assert.equal(await focusedText(page), labels[0]);
  await page.keyboard.press("ArrowUp");
  assert.equal(await focusedText(page), "Sign out");
  await page.keyboard.type("se");
  assert.equal(await focusedText(page), "Settings");
  await page.keyboard.press("Escape");
  assert.equal(await items.count(), 0);
  assert.equal(await opener.evaluate((element) => element === document.activeElement), true);
  await opener.click();
  await items.first().waitFor();
  await page.mouse.click(900, 700);
  await eventually(async () => assert.equal(await items.count(), 0));
  assertCalm(page);
  await page.context().close();
});

test("colours, text size and motion change at once, last over a reload, and end with the session", async () => {
  const page = await signedIn(browser, demo, asha);
  await openSettings(page, "Appearance");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByLabel("Dark", { exact: true }).check();
  await eventually(async () => assert.notEqual(await background(), light));
  await page.getByLabel("150%").check();
  await eventually(async () => assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), "24px"));
  await page.getByRole("switch", { name: "Reduce motion" }).check();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Appearance" }).waitFor();
  assert.deepEqual([await mark(page, "theme"), await mark(page, "motion")], ["dark", "less"]);
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), "24px");
  assert.equal(await page.getByLabel("Dark", { exact: true }).isChecked(), true);
  const other = await page.context().newPage();
  await other.goto(demo.url);
  await other.locator("[data-room]").first().waitFor();
  assert.equal(await mark(other, "theme"), "dark");
  await page.getByLabel("High contrast, light").check();
  await eventually(async () => assert.deepEqual([await mark(other, "theme"), await mark(other, "contrast")], ["light", "more"]));
  await signOut(other);
  await page.getByRole("heading", { name: "Sign in to Wardline" }).waitFor();
  await eventually(async () => assert.deepEqual([await kept(page), await mark(page, "contrast")], [null, undefined]));
  assertCalm(page);
  assertCalm(other);
  await page.context().close();
});

test("without a choice the device decides, and goes on deciding", async () => {
  const page = await openWindow(browser, demo.url, { ...desktop, colorScheme: "dark", reducedMotion: "reduce" });
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.deepEqual([await mark(page, "theme"), await mark(page, "contrast"), await mark(page, "motion")], ["dark", undefined, "less"]);
  await page.emulateMedia({ colorScheme: "light", contrast: "more", reducedMotion: "no-preference" });
  await eventually(async () => assert.deepEqual([await mark(page, "theme"), await mark(page, "contrast"), await mark(page, "motion")], ["light", "more", undefined]));
  await page.context().close();
});

test("Welsh is spoken throughout once it is chosen, without leaving the page", async () => {
  const page = await signedIn(browser, demo, asha);
  await openSettings(page, "Language");
  await page.getByLabel("Cymraeg").check();
  await page.getByRole("heading", { level: 1, name: "Iaith" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "cy-GB");
  await page.getByRole("link", { name: "Yn ôl i'r sgyrsiau" }).click();
  await page.getByRole("navigation", { name: "Sgyrsiau" }).waitFor();
  await eventually(async () => assert.match(await page.title(), /Sgyrsiau – Wardline$/));
  await page.reload();
  await page.locator("[data-room]").first().click();
  await page.getByPlaceholder("Ysgrifennwch neges").waitFor();
  assertCalm(page);
  await page.context().close();
});

test("a browser that prefers Welsh is spoken to in Welsh, from the first screen", async () => {
  const page = await openWindow(browser, demo.url, { ...phone, locale: "cy-GB" });
  await page.getByRole("heading", { name: "Mewngofnodi i Wardline" }).waitFor();
  await page.getByRole("button", { name: "Mewngofnodi" }).click();
  await page.getByRole("link", { name: "Rhowch eich cyfrinair" }).waitFor();
  await assertAccessible(page, "sign-in in Welsh");
  await page.context().close();
});

test("the language chosen before signing in is kept while one is signed in", async () => {
  const page = await openWindow(browser, demo.url);
  await page.getByRole("button", { name: "Cymraeg" }).click();
  await page.getByRole("heading", { name: "Mewngofnodi i Wardline" }).waitFor();
  await eventually(async () => assert.equal(await page.title(), "Mewngofnodi i Wardline"));
  await page.getByLabel("Enw defnyddiwr").fill(asha.user_id);
  await page.getByLabel("Cyfrinair", { exact: true }).fill(asha.password);
  await page.getByRole("button", { name: "Mewngofnodi" }).click();
  await page.getByRole("navigation", { name: "Sgyrsiau" }).waitFor();
  await page.reload();
  await page.getByRole("navigation", { name: "Sgyrsiau" }).waitFor();
  assertCalm(page);
  await page.context().close();
});

test("a language that cannot be loaded is told, and nothing changes", async () => {
  const page = await signedIn(browser, demo, asha, uncached);
  await openSettings(page, "Language");
  await page.route("**/assets/cy-*.js", (route) => route.abort());
  await page.getByLabel("Cymraeg").click();
  await page.getByRole("alert").getByText("That language could not be loaded").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en-GB");
  await page.context().close();
});

test("another device is signed out with the password, and not without", async () => {
  const phonePage = await signedIn(browser, demo, carys, { ...phone, userAgent: "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36" });
  const page = await signedIn(browser, demo, carys);
  await openSettings(page, "Devices");
  const row = page.locator(".device", { hasText: "Chrome on Android" });
  await row.waitFor();
  await page.locator(".device", { hasText: "This device" }).waitFor();
  await row.getByRole("button", { name: /^Sign out/ }).click();
  const dialog = page.getByRole("dialog", { name: "Sign out Chrome on Android?" });
  await dialog.waitFor();
  await assertAccessible(page, "the question before signing a device out");
  await dialog.getByRole("button", { name: "Sign out" }).click();
  await dialog.getByText("Enter your current password").waitFor();
  await dialog.getByLabel("Current password", { exact: true }).fill("not the password");
  await dialog.getByRole("button", { name: "Sign out" }).click();
  await dialog.getByText("The current password is not right").waitFor();
  await dialog.getByLabel("Current password", { exact: true }).fill(carys.password);
  await dialog.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("status").getByText("1 device signed out").waitFor();
  assert.equal(await row.count(), 0);
  await eventually(async () => assert.equal(await focusedText(page), "Devices"));
  await phonePage.getByText("You have been signed out").waitFor();
  await page.reload();
  await page.locator(".device", { hasText: "This device" }).waitFor();
  assert.equal(await row.count(), 0);
  assertCalm(page);
  await Promise.all([page.context().close(), phonePage.context().close()]);
});

test("the password is changed, and what is wrong is told first", async () => {
  const page = await signedIn(browser, demo, ben);
  await openSettings(page, "Password");
  const change = page.getByRole("button", { name: "Change password" });
  await change.click();
  const summary = page.locator(".error-summary");
  assert.deepEqual(await summary.getByRole("link").allInnerTexts(), ["Enter your current password", "Enter a new password"]);
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.className), "error-summary"));
  await assertAccessible(page, "password with problems");
  const fill = async (old, fresh) => {
    await page.getByLabel("Current password", { exact: true }).fill(old);
    await page.getByLabel("New password", { exact: true }).fill(fresh);
    await page.getByLabel("New password again", { exact: true }).fill(fresh);
    await change.click();
  };
  await fill("wrong", "three random words");
  await summary.getByRole("link", { name: "The current password is not right" }).waitFor();
  await fill(ben.password, "password1234");
  await summary.getByRole("link", { name: /too short, too common/ }).waitFor();
  await fill(ben.password, "lantern oxbow thistle");
  await page.getByRole("status").getByText("Your password is changed").waitFor();
  assert.equal(await page.getByLabel("Current password", { exact: true }).inputValue(), "");
  await signOutFromSettings(page);
  await signIn(page, { ...ben, password: "lantern oxbow thistle" });
  // As it was, for whoever uses this demonstration next.
  await openSettings(page, "Password");
  await fill("lantern oxbow thistle", ben.password);
  await page.getByRole("status").getByText("Your password is changed").waitFor();
  assertCalm(page);
  await page.context().close();
});

async function signOutFromSettings(page) {
  await page.getByRole("link", { name: "Back to conversations" }).click();
  await signOut(page);
  await page.getByRole("heading", { name: "Sign in to Wardline" }).waitFor();
}

test("settings whose code cannot be loaded say so, and load when asked again", async () => {
  const page = await signedIn(browser, demo, asha, uncached);
  await page.route("**/assets/view-*.js", (route) => route.abort());
  await page.getByRole("button", { name: /^Your account/ }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByRole("heading", { name: "This page could not be loaded" }).waitFor();
  await page.unroute("**/assets/view-*.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  await page.context().close();
});

test("the style page shows every part, and only in a demonstration", async () => {
  const page = await openWindow(browser, `${demo.url}/styleguide`);
  await page.getByRole("heading", { level: 1, name: "Style page" }).waitFor();
  await page.getByRole("button", { name: "Sheet" }).click();
  await page.getByRole("dialog", { name: "Sheet" }).waitFor();
  await page.keyboard.press("Escape");
  await eventually(async () => assert.equal(await page.getByRole("dialog").count(), 0));
  assert.equal(await focusedText(page), "Sheet");
  await page.getByRole("tab", { name: "All" }).press("ArrowRight");
  await page.getByRole("tab", { name: /^Unread/, selected: true }).waitFor();
  await page.route("**/.well-known/matrix/client", (route) => route.fulfill({ json: { "m.homeserver": { base_url: demo.url } } }));
  await page.reload();
  await page.getByRole("heading", { name: "Page not found" }).waitFor();
  assertCalm(page);
  await page.context().close();
});

const looks = { light: "Light", dark: "Dark", "high contrast, light": "High contrast, light", "high contrast, dark": "High contrast, dark" };

for (const [size, options] of Object.entries({ desktop, phone })) {
  test(`axe finds nothing in the settings and on the style page, in every theme: ${size}`, async () => {
    const page = await openWindow(browser, `${demo.url}/styleguide`, options);
    for (const [look, label] of Object.entries(looks)) {
      await page.getByLabel(label, { exact: true }).check();
      await assertAccessible(page, `the style page, ${size}, ${look}`);
    }
    await page.goto(demo.url);
    await signIn(page, asha);
    for (const [look, label] of Object.entries(looks)) {
      await page.goto(`${demo.url}/settings/appearance`);
      await page.getByLabel(label, { exact: true }).check();
      await assertAccessible(page, `appearance, ${size}, ${look}`);
      for (const name of ["language", "devices", "password", "about"]) {
        await page.goto(`${demo.url}/settings/${name}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        if (name === "devices") await page.locator(".device").first().waitFor();
        await assertAccessible(page, `${name}, ${size}, ${look}`);
      }
      await page.goto(demo.url);
      await page.getByRole("button", { name: /^Your account/ }).click();
      await page.getByRole("menu").waitFor();
      await assertAccessible(page, `the account's menu, ${size}, ${look}`);
    }
    assertCalm(page);
    await page.context().close();
  });
}

test("at 400 % zoom nothing is cut off and nothing scrolls sideways", async () => {
  // A window of 1,280 by 1,024 pixels at 400 % is one of 320 by 256 (WCAG 2.2, 1.4.10).
  const page = await signedIn(browser, demo, asha, { viewport: { width: 320, height: 256 } });
  for (const path of ["/", "/settings", "/settings/appearance", "/settings/devices", "/settings/password", "/settings/about"]) {
    await page.goto(demo.url + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} is ${over} px too wide`);
  }
  await page.context().close();
});
