// Finding people and conversations, and looking after groups, in a real browser against the real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { groupRoom, sayAll, startDemo } from "./demo.mjs";
import { assertAccessible, assertCalm, desktop, eventually, launch, phone, say, signedIn, texts } from "./window.mjs";

let demo, browser;
const person = (local) => demo.users.find((one) => one.user_id.startsWith(`@${local}`));

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const looks = [
  { name: "light", colorScheme: "light" },
  { name: "dark", colorScheme: "dark" },
  { name: "high contrast", colorScheme: "light", forcedColors: "active" },
];

/** Axe in every look, and the page as it was. */
async function accessibleInEveryLook(page, where) {
  for (const { name, ...look } of looks) {
    await page.emulateMedia({ colorScheme: "light", forcedColors: "none", ...look });
    await assertAccessible(page, `${where}, ${name}`);
  }
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
}

const row = (page, name) => page.locator(".row", { has: page.locator(".row-name", { hasText: name }) });
const rowNames = async (page) => await page.locator(".row .row-name").allInnerTexts();

test("a conversation is kept at the top, muted, put away and brought back, by mouse and by keyboard", async () => {
  const [connor, yusra] = ["connor", "yusra"].map(person);
  const name = "Teaching on Thursdays";
  const room = await groupRoom(demo, name, [connor, yusra]);
  const page = await signedIn(browser, demo, yusra);
  await row(page, name).waitFor();
  await row(page, name).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Add to favourites" }).click();
  await eventually(async () => assert.equal((await rowNames(page))[0], name));
  // The menu's button is one Tab from the row.
  await row(page, name).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await row(page, name).getByTitle("Muted").waitFor();
  await row(page, name).click({ button: "right" });
  await accessibleInEveryLook(page, "a row's menu");
  await page.getByRole("menuitem", { name: "Archive" }).click();
  await eventually(async () => assert.equal(await row(page, name).count(), 0));
  await sayAll(demo, connor, room, ["Muted: this stays away"]);
  await page.getByRole("button", { name: /^Archived/ }).click();
  await row(page, name).getByText("this stays away").waitFor();
  await row(page, name).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Unmute" }).click();
  await row(page, name).getByTitle("Muted").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Back to all conversations" }).click();
  await sayAll(demo, connor, room, ["And this brings it back"]);
  await row(page, name).waitFor();
  assertCalm(page);
  await page.context().close();
});

test("the list is narrowed to what is unread, to people and to teams", async () => {
  const page = await signedIn(browser, demo, person("sian"));
  await page.locator(".row").first().waitFor();
  const chip = (name) => page.getByRole("group", { name: "Show" }).getByRole("button", { name });
  await chip("People").click();
  await eventually(async () => assert.equal(await page.locator(".row .avatar-group").count(), 0));
  assert.ok((await page.locator(".row").count()) > 0);
  await chip("Teams").click();
  await eventually(async () => assert.ok((await page.locator(".row .avatar-group").count()) > 0));
  assert.equal(await page.locator(".row .avatar:not(.avatar-group)").count(), 0);
  await chip("Unread").click();
  await eventually(async () => assert.equal(await page.locator(".row:not(.row-unread)").count(), 0));
  await accessibleInEveryLook(page, "the unread");
  await page.context().close();
});

test("what was said is found, with its words marked, and opened where it stands", async () => {
  const page = await signedIn(browser, demo, person("amara"));
  await page.getByLabel("Search names and messages").fill("potasium");
  await page.getByText("Nothing found for “potasium”").waitFor();
  await page.getByLabel("Search names and messages").fill("potassium");
  const hit = page.locator(".found-message").first();
  await hit.waitFor();
  assert.match((await hit.locator("mark").first().innerText()).toLowerCase(), /^potassium/);
  await accessibleInEveryLook(page, "the results of a search");
  const path = await hit.getAttribute("href");
  assert.match(decodeURIComponent(path), /^\/conversation\/![^/]+\/\$[^/]+$/);
  await hit.click();
  await page.locator(".message", { hasText: /potassium/i }).first().waitFor();
  await page.getByLabel("Search names and messages").fill("amu taem");
  await page.locator(".found-link", { hasText: "AMU team" }).first().waitFor();
  assertCalm(page);
  await page.context().close();
});

test("somebody is found by what they do, is told from somebody of a similar name, and gets one conversation", async () => {
  const [tom, gracie] = [person("tom"), person("gracie")];
  const page = await signedIn(browser, demo, tom);
  await page.getByRole("link", { name: "New conversation" }).click();
  const field = page.getByLabel("Name, job, ward or team");
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.id), "find"));
  await accessibleInEveryLook(page, "a new conversation");
  await field.fill("frailty assistant mens");
  const found = page.locator(".person-link");
  await found.filter({ hasText: "Gracie Mensa" }).waitFor();
  await field.fill("grac mens");
  await page.getByText("Similar name: Gracie Mensa (Healthcare assistant · Ward 11 Frailty)").waitFor();
  await accessibleInEveryLook(page, "people found");
  // The first result is a key away from the field.
  await field.press("ArrowDown");
  await found.filter({ hasText: gracie.display_name }).last().click();
  await page.getByLabel("First message").waitFor();
  await page.locator(".profile").getByText("Ward 11 Frailty").waitFor();
  await page.locator(".profile").getByText(/Similar name: Grace Mensah/).waitFor();
  await accessibleInEveryLook(page, "a first message");
  assert.ok(!page.url().includes("gracie"), "no name stands in the address");
  await page.getByLabel("First message").fill("Could you take bed 4 to X-ray?");
  await page.getByLabel("First message").press("Enter");
  await eventually(async () => assert.deepEqual(await texts(page), ["Could you take bed 4 to X-ray?"]));
  const begun = page.url();
  const other = await signedIn(browser, demo, gracie);
  await row(other, tom.display_name).click();
  await other.getByText(`${tom.display_name} wants to write to you`).waitFor();
  await other.locator(".profile").getByText("Foundation doctor (F1)").waitFor();
  await accessibleInEveryLook(other, "an invitation");
  await other.getByRole("button", { name: "Accept" }).click();
  await eventually(async () => assert.deepEqual(await texts(other), ["Could you take bed 4 to X-ray?"]));
  // Writing to the same person again is the same conversation.
  await page.getByRole("link", { name: "New conversation" }).click();
  await field.fill("gracie");
  await found.filter({ hasText: "Gracie Mensa" }).first().click();
  await eventually(async () => assert.equal(page.url(), begun));
  assertCalm(page);
  await Promise.all([page.context().close(), other.context().close()]);
});

test("a group is made for a purpose, with colleagues who are told why; names, members and the owner change; people leave", async () => {
  const [farah, alan] = [person("farah"), person("alan")];
  const name = "Records audit, spring";
  const page = await signedIn(browser, demo, farah);
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByRole("link", { name: /^New group/ }).click();
  await page.getByRole("button", { name: "Create the group" }).click();
  const summary = page.locator(".error-summary");
  await eventually(async () => assert.deepEqual(await summary.getByRole("link").allInnerTexts(), ["Enter a name for the group", "Enter what the group is for", "Choose what the group is for"]));
  await accessibleInEveryLook(page, "a group with nothing filled in");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Purpose").fill("Ten sets of notes a week, until Easter");
  await page.getByLabel("Operational").check();
  await page.getByRole("button", { name: "Create the group" }).click();
  await page.locator("#composer").waitFor();
  await row(page, name).getByText("Operational").waitFor();
  await page.getByRole("heading", { level: 1 }).getByRole("link", { name }).click();
  await page.getByText("Ten sets of notes a week").first().waitFor();
  await page.getByRole("button", { name: "Add colleagues" }).click();
  await page.getByRole("button", { name: "Invite 0 colleagues" }).click();
  await page.getByText("Choose at least one colleague").waitFor();
  await page.getByLabel("Add colleagues", { exact: true }).fill(alan.display_name);
  await page.locator(".dialog .person-link").first().click();
  await page.getByLabel("Why are they invited?").fill("You know the archive");
  await accessibleInEveryLook(page, "adding colleagues");
  await page.getByRole("button", { name: "Invite 1 colleague" }).click();
  await page.locator(".member", { hasText: alan.display_name }).getByText("Invited").waitFor();
  const other = await signedIn(browser, demo, alan, phone);
  await row(other, name).click();
  await other.getByText("You know the archive").waitFor();
  await other.getByText("Ten sets of notes a week").waitFor();
  await accessibleInEveryLook(other, "an invitation to a group");
  await other.getByRole("button", { name: "Accept" }).click();
  await other.locator("#composer").waitFor();
  await page.locator(".member", { hasText: alan.display_name }).getByText("Invited").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Edit name and purpose" }).click();
  await page.getByLabel("Name", { exact: true }).fill(`${name} and summer`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: `${name} and summer` }).waitFor();
  await page.locator(".member", { hasText: alan.display_name }).getByRole("button").click();
  await page.getByRole("menuitem", { name: "Make owner" }).click();
  await page.getByRole("button", { name: "Make owner" }).click();
  await page.locator(".member", { hasText: alan.display_name }).getByText("Owner").waitFor();
  await page.getByRole("button", { name: "Show who joined and left" }).click();
  await page.getByText(`${farah.display_name} invited ${alan.display_name}`).waitFor();
  await page.getByText("Reason: You know the archive").waitFor();
  await accessibleInEveryLook(page, "about a group");
  await page.getByRole("button", { name: "Leave this group" }).click();
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await eventually(async () => assert.equal(await row(page, name).count(), 0));
  assertCalm(page);
  assertCalm(other);
  await Promise.all([page.context().close(), other.context().close()]);
});

test("an open group is found and joined by somebody who was not asked", async () => {
  const [marcus, ursula] = [person("marcus"), person("ursula")];
  const maker = await signedIn(browser, demo, marcus);
  await maker.goto(`${demo.url}/new/group`);
  await maker.getByLabel("Name", { exact: true }).fill("Cycle to work");
  await maker.getByLabel("Purpose").fill("Sheds, locks and puddles");
  await maker.getByLabel("Social").check();
  await maker.getByLabel("Open to everybody here").check();
  await maker.getByRole("button", { name: "Create the group" }).click();
  await maker.locator("#composer").waitFor();
  const page = await signedIn(browser, demo, ursula, phone);
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByRole("link", { name: /^Join a group/ }).click();
  await page.getByLabel("Search by name or purpose").fill("puddles");
  const offered = page.locator(".offered", { hasText: "Cycle to work" });
  await offered.getByText("Social").waitFor();
  await eventually(async () => assert.equal(await page.locator(".offered").count(), 1));
  await accessibleInEveryLook(page, "groups to join");
  await offered.getByRole("button", { name: "Join Cycle to work" }).click();
  await page.locator("#composer").waitFor();
  await say(page, "Mine is the yellow one");
  await eventually(async () => assert.deepEqual(await texts(page), ["Mine is the yellow one"]));
  assertCalm(page);
  await Promise.all([maker.context().close(), page.context().close()]);
});

/** Two thousand conversations, as sync would tell of them. */
function manyRooms(count) {
  const rooms = {};
  for (let at = 0; at < count; at++) {
    const timeline = [{ event_id: `$m${at}`, type: "m.room.message", sender: "@someone:northbrook.example", origin_server_ts: Date.UTC(2026, 0, 1) - at * 60_000, content: { msgtype: "m.text", body: `Message ${at}` } }];
    const create = { event_id: `$c${at}`, type: "m.room.create", sender: "@someone:northbrook.example", origin_server_ts: 1, state_key: "", content: { "org.wardline.kind": ["clinical", "operational", "social"][at % 3] } };
    rooms[`!many${at}:northbrook.example`] = { initial: true, name: `Group ${String(at).padStart(4, "0")}`, membership: "join", required_state: [create], timeline, bump_stamp: count - at, joined_count: 5, notification_count: at % 7 === 0 ? 1 : 0, highlight_count: 0 };
  }
  return rooms;
}

test("two thousand conversations: few rows in the page, every one in reach, found at once", async () => {
  const count = 2_000;
  const page = await (await browser.newContext({ locale: "en-GB", ...desktop })).newPage();
  let told = false;
  await page.route("**/org.matrix.simplified_msc3575/sync*", async (route) => {
    if (told) await new Promise((resolve) => page.once("close", resolve));
    const first = !told;
    told = true;
    await route.fulfill({ json: { pos: "1", lists: { all: { count } }, rooms: first ? manyRooms(count) : {}, extensions: {} } }).catch(() => undefined);
  });
  await page.goto(demo.url);
  await page.getByLabel("Username").fill(person("leanne").user_id);
  await page.getByLabel("Password", { exact: true }).fill(person("leanne").password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await row(page, "Group 0000").waitFor();
  assert.ok((await page.locator(".row").count()) < 40);
  assert.equal(await page.locator(".list-row").first().getAttribute("aria-setsize"), String(count));
  await row(page, "Group 0000").focus();
  await page.keyboard.press("End");
  await eventually(async () => assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /Group 1999/));
  assert.ok((await page.locator(".row").count()) < 40);
  await page.keyboard.press("Home");
  await eventually(async () => assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /Group 0000/));
  await page.getByLabel("Search names and messages").fill("group 1234");
  await page.locator(".found-link", { hasText: "Group 1234" }).waitFor();
  await page.context().close();
});
