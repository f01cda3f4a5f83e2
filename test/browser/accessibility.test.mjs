// axe over every screen, light and dark, desktop and phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { directRoom, groupRoom, sayAll, startDemo } from "./demo.mjs";
import { assertAccessible, desktop, eventually, launch, openRoom, openWindow, phone, say, signIn, texts } from "./window.mjs";

let demo, browser, room;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  const [asha, ben, carys] = demo.users;
  room = await groupRoom(demo, "Ward 7, every kind of message", [asha, ben, carys]);
  await sayAll(demo, ben, room, ["Bloods are back", "See https://intranet.example/guideline", "x".repeat(300)]);
  await sayAll(demo, asha, room, ["On my way"]);
  await directRoom(demo, asha, ben);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

for (const [size, options] of Object.entries({ desktop, phone })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${size}, ${colorScheme}`, async () => {
      const [asha, ben] = demo.users;
      const page = await openWindow(browser, demo.url, { ...options, colorScheme });
      const check = (where) => assertAccessible(page, `${where}, ${size}, ${colorScheme}`);
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await check("sign-in");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator(".error-summary").waitFor();
      await check("sign-in with problems");
      await signIn(page, asha);
      await page.locator("[data-room]").first().waitFor();
      await check("list");
      await openRoom(page, room);
      await eventually(async () => assert.ok((await texts(page)).includes("On my way")));
      await check("timeline");
      await page.route("**/send/**", (route) => route.fulfill({ status: 413, json: { errcode: "M_TOO_LARGE", error: "too large" } }));
      await say(page, "refused");
      await page.locator(".failed").waitFor();
      await page.locator("[data-state=failed]").scrollIntoViewIfNeeded();
      await sayAll(demo, ben, room, [`for ${size} ${colorScheme}`]);
      await page.context().setOffline(true);
      await page.locator(".banner").first().waitFor({ state: "attached" });
      await check("timeline with a failure, without a network");
      await page.context().close();
    });
  }
}
