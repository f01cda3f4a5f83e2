// Writing a message: drafts, names, hints, files, the camera, voice notes, quick replies.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { groupRoom, messagesOf, redact, removeFrom, sayAll, startDemo } from "./demo.mjs";
import { noise, png } from "./picture.mjs";
import { assertAccessible, assertCalm, desktop, eventually, launch, madeUpDevices, openRoom, phone, say, signedIn, stored, texts } from "./window.mjs";

let demo, browser, amara, grace, tom;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch(madeUpDevices)]);
  [amara, grace, tom] = demo.users;
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function inRoom(name, options = desktop) {
  const room = await groupRoom(demo, name, [amara, grace, tom]);
  await sayAll(demo, grace, room, ["Are the bloods back?"]);
  const page = await signedIn(browser, demo, amara, options);
  await openRoom(page, room);
  await page.locator(".message").first().waitFor();
  return { page, room, field: page.locator("#composer") };
}

/** What a person sent to a room, oldest first, as the server has it. */
async function sentBy(person, room) {
  return (await messagesOf(demo, tom, room)).filter((event) => event.sender === person.user_id).map((event) => event.content);
}

const looks = [
  ["phone, light", { ...phone, colorScheme: "light" }],
  ["desktop, dark", { ...desktop, colorScheme: "dark" }],
  ["phone, high contrast", { ...phone, forcedColors: "active" }],
];

for (const [look, options] of looks) {
  test(`every part of the composer is accessible: ${look}`, async () => {
    const { page, field } = await inRoom(`Composer, ${look}`, options);
    await field.pressSequentially("999 000 0026 @gr");
    await page.getByRole("listbox").waitFor();
    await page.getByText("This looks like an NHS number").waitFor();
    await assertAccessible(page, `names and hint, ${look}`);
    await field.press("Enter");
    await page.locator("input[type=file]").setInputFiles([{ name: "wound.png", mimeType: "image/png", buffer: png() }, { name: "letter.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(900, 1) }]);
    await page.getByRole("textbox", { name: "Caption for letter.pdf" }).waitFor();
    await assertAccessible(page, `files, ${look}`);
    await page.getByRole("button", { name: "Crop, blur or mark wound.png" }).click();
    await page.locator(".stage-canvas").waitFor();
    await assertAccessible(page, `editor, ${look}`);
    await page.keyboard.press("Escape");
    for (const name of ["wound.png", "letter.pdf"]) await page.getByRole("button", { name: `Remove ${name}` }).click();
    await field.fill("");
    await page.getByRole("button", { name: "Take a photo" }).click();
    await page.locator(".shutter:not([aria-disabled=true])").waitFor();
    await assertAccessible(page, `camera, ${look}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Record a voice note" }).click();
    await page.getByRole("button", { name: "Pause recording" }).click();
    await page.getByRole("button", { name: "Listen to the recording" }).waitFor();
    await assertAccessible(page, `voice note, ${look}`);
    await page.getByRole("button", { name: "Delete the recording" }).click();
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("menuitem", { name: "Quick replies" }).click();
    await page.getByRole("button", { name: "Edit quick replies" }).waitFor();
    await assertAccessible(page, `quick replies, ${look}`);
    assertCalm(page);
    await page.context().close();
  });
}

test("a draft survives a reload, keeps what it names, and is gone once it was sent", async () => {
  const { page, room, field } = await inRoom("Drafts");
  await field.pressSequentially("please see bed 4 @gra");
  await page.getByRole("option", { name: /Grace/ }).waitFor();
  await field.press("Tab");
  assert.equal(await field.inputValue(), `please see bed 4 @${grace.display_name} `);
  await eventually(async () => assert.ok((await stored(page, "drafts")).includes(grace.display_name)));
  await page.reload();
  await eventually(async () => assert.equal(await field.inputValue(), `please see bed 4 @${grace.display_name} `));
  await field.press("Enter");
  await eventually(async () => {
    const [content] = await sentBy(amara, room);
    assert.deepEqual(content?.["m.mentions"], { user_ids: [grace.user_id] });
    assert.match(content.formatted_body, /<a href="https:\/\/matrix\.to\/#\//);
  });
  await page.reload();
  await page.locator(".message.mine").waitFor();
  assert.equal(await field.inputValue(), "");
  assertCalm(page);
  await page.context().close();
});

test("the hint says what it saw and stays out of the way", async () => {
  const { page, field } = await inRoom("Hints");
  await say(page, "Bed 4, K 5.9");
  assert.equal(await page.getByText("This looks like").count(), 0);
  await field.fill("999 000 0026, born 1 March 1950");
  await page.getByText("This looks like an NHS number and a date of birth.").waitFor();
  await page.getByRole("button", { name: "Keep it" }).click();
  assert.equal(await page.getByText("This looks like").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "composer");
  await field.press("Enter");
  await eventually(async () => assert.equal((await texts(page)).at(-1), "999 000 0026, born 1 March 1950"));
  await page.context().close();
});

test("the up arrow edits the last message; Escape leaves it as it was", async () => {
  const { page, room, field } = await inRoom("Edits");
  await say(page, "5 mg");
  await page.locator('.message[data-state="received"].mine').waitFor();
  await field.press("ArrowUp");
  await page.getByText("Editing your message").waitFor();
  await field.press("Escape");
  assert.equal(await field.inputValue(), "");
  await field.press("ArrowUp");
  await field.fill("50 micrograms");
  await field.press("Enter");
  await eventually(async () => assert.equal((await sentBy(amara, room)).at(-1)?.["m.new_content"]?.body, "50 micrograms"));
  await eventually(async () => assert.equal((await texts(page)).at(-1), "50 micrograms"));
  assertCalm(page);
  await page.context().close();
});

test("the field grows to a third of the screen and no further", async () => {
  const { page, field } = await inRoom("Growing", phone);
  const height = async () => (await field.boundingBox()).height;
  const one = await height();
  await field.fill("one\ntwo\nthree");
  assert.ok((await height()) > one * 1.5);
  await field.fill("line\n".repeat(100));
  const most = await height();
  assert.ok(most <= 780 / 3 + 1 && most > 780 / 4, `${most}`);
  await field.fill("");
  assert.equal(await height(), one);
  await page.context().close();
});

test("the latest message stays in sight while the field grows and shrinks", async () => {
  const { page, room, field } = await inRoom("In sight", phone);
  await say(page, "Not yet");
  const last = page.locator(".message").last();
  const inSight = (text = "message 29") =>
    eventually(async () => {
      assert.ok((await last.innerText()).includes(text));
      const [message, composer] = await Promise.all([last.boundingBox(), page.locator(".composer-place").boundingBox()]);
      assert.ok(message && composer && message.y + message.height <= composer.y, JSON.stringify([message, composer]));
    });
  // As they would come: more than a screen at once would be a gap, in which the place is kept.
  for (const ten of [0, 10, 20]) {
    await sayAll(demo, grace, room, Array.from({ length: 10 }, (_, i) => `message ${ten + i}`));
    await inSight(`message ${ten + 9}`);
  }
  for (const text of ["line\n".repeat(20), "one line", "999 000 0026", ""]) {
    await field.fill(text);
    await inSight();
  }
  assertCalm(page);
  await page.context().close();
});

test("an emoji goes where the caret is, and the focus comes back", async () => {
  const { page, field } = await inRoom("Emoji");
  await field.fill("thank you, see you later");
  await field.evaluate((one) => one.setSelectionRange(9, 9));
  await page.getByRole("button", { name: "Emoji", exact: true }).click();
  await page.getByRole("button", { name: "👍" }).click();
  await eventually(async () => assert.equal(await field.inputValue(), "thank you👍, see you later"));
  await eventually(async () => assert.equal(await field.evaluate((one) => one === document.activeElement), true));
  assertCalm(page);
  await page.context().close();
});

test("pasted and dropped files are shown first, and go with their captions", async () => {
  const { page, room, field } = await inRoom("Files");
  const bytes = [...png()];
  await field.evaluate((target, data) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(data)], "pasted.png", { type: "image/png" }));
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, bytes);
  await page.getByRole("button", { name: "Remove pasted.png" }).waitFor();
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["letter"], "letter.txt", { type: "text/plain" }));
    const place = document.querySelector(".room");
    for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.getByRole("textbox", { name: "Caption for letter.txt" }).fill("to the GP");
  await field.fill("both for bed 4");
  await field.press("Enter");
  await eventually(async () => {
    const sent = await sentBy(amara, room);
    assert.deepEqual(sent.map((content) => [content.msgtype, content.body]), [["m.image", "pasted.png"], ["m.file", "to the GP"], ["m.text", "both for bed 4"]]);
    assert.match(sent[0].url, /^mxc:\/\//);
    assert.deepEqual([sent[0].info.w, sent[0].info.h], [320, 240]);
  });
  await eventually(async () => assert.equal(await page.locator('.message.mine:not([data-state="received"])').count(), 0));
  assertCalm(page);
  await page.context().close();
});

test("a large picture can be sent smaller, and says how small", async () => {
  const { page, room, field } = await inRoom("Smaller");
  const original = noise(1_800, 1_000);
  await page.locator("input[type=file]").setInputFiles({ name: "scan.png", mimeType: "image/png", buffer: original });
  await page.getByRole("checkbox", { name: /^Send smaller/ }).check();
  await field.press("Enter");
  await eventually(async () => assert.equal((await sentBy(amara, room)).length, 1));
  const [{ info, filename }] = await sentBy(amara, room);
  assert.deepEqual([filename, info.mimetype], ["scan.jpg", "image/jpeg"]);
  assert.ok(info.size < original.length * 0.8, `${info.size} of ${original.length}`);
  await page.context().close();
});

test("a photograph is taken, cropped, blurred and pointed at by keyboard alone, and carries nothing but the picture", async () => {
  const { page, room } = await inRoom("Camera");
  await page.getByRole("button", { name: "Take a photo" }).focus();
  await page.keyboard.press("Enter");
  await page.locator(".shutter:not([aria-disabled=true])").waitFor();
  await eventually(async () => assert.ok((await page.locator("video").evaluate((video) => video.videoWidth)) > 0));
  await page.keyboard.press("Enter");
  const canvas = page.locator(".stage-canvas");
  await canvas.waitFor();
  const before = await canvas.evaluate((one) => [one.width, one.height]);
  await page.getByRole("button", { name: "Crop" }).press("Enter");
  await canvas.focus();
  for (const key of ["Shift+ArrowLeft", "Shift+ArrowUp", "Enter", ...Array(4).fill("Shift+ArrowRight"), ...Array(4).fill("Shift+ArrowDown"), "Enter"]) await page.keyboard.press(key);
  await eventually(async () => assert.ok((await canvas.evaluate((one) => one.width)) < before[0]));
  await page.getByRole("button", { name: "Blur" }).press("Enter");
  await canvas.focus();
  for (const key of ["Enter", "Shift+ArrowLeft", "Enter"]) await page.keyboard.press(key);
  await page.getByRole("button", { name: "Use photo" }).press("Enter");
  await page.locator(".piece").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "composer");
  await page.keyboard.press("Enter");
  await eventually(async () => assert.equal((await sentBy(amara, room)).length, 1));
  const [content] = await sentBy(amara, room);
  assert.equal(content.msgtype, "m.image");
  assert.equal(content.info.mimetype, "image/jpeg");
  assert.ok(content.info.w < before[0]);
  assertCalm(page);
  await page.context().close();
});

test("what is blurred cannot be read again", async () => {
  const { page } = await inRoom("Blur");
  await page.locator("input[type=file]").setInputFiles({ name: "stripes.png", mimeType: "image/png", buffer: png(800, 600) });
  await page.getByRole("button", { name: "Crop, blur or mark stripes.png" }).click();
  const canvas = page.locator(".stage-canvas");
  await canvas.waitFor();
  /** How much neighbouring points differ along the middle of the picture. */
  const contrast = () => canvas.evaluate((one) => {
    const { data } = one.getContext("2d").getImageData(one.width * 0.4, one.height / 2, one.width * 0.2, 1);
    let most = 0;
    for (let at = 4; at < data.length; at += 4) most = Math.max(most, Math.abs(data[at] - data[at - 4]));
    return most;
  });
  assert.ok((await contrast()) > 150);
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.35, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.65, box.y + box.height / 2);
  await page.mouse.up();
  await eventually(async () => assert.ok((await contrast()) < 12));
  await page.context().close();
});

test("a voice note is recorded, paused, heard and sent with its length and its wave", async () => {
  const { page, room } = await inRoom("Voice");
  await page.getByRole("button", { name: "Record a voice note" }).click();
  const clock = page.getByRole("timer");
  await eventually(async () => assert.notEqual(await clock.innerText(), "0:00"));
  await page.getByRole("button", { name: "Pause recording" }).click();
  await page.getByRole("button", { name: "Listen to the recording" }).click();
  await page.getByRole("button", { name: "Stop listening" }).or(page.getByRole("button", { name: "Listen to the recording" })).waitFor();
  await page.getByRole("button", { name: "Go on recording" }).click();
  await page.getByRole("button", { name: "Send voice note" }).click();
  await eventually(async () => {
    const [content] = await sentBy(amara, room);
    assert.equal(content?.msgtype, "m.audio");
    assert.deepEqual([content["m.voice"], content["org.matrix.msc3245.voice"]], [{}, {}]);
    assert.ok(content.info.duration >= 1_000);
    assert.ok(content["org.matrix.msc1767.audio"].waveform.some((one) => one > 0));
    assert.match(content.url, /^mxc:/);
  });
  assert.equal(await page.evaluate(() => document.activeElement?.id), "composer");
  assertCalm(page);
  await page.context().close();
});

test("quick replies are sent in two presses and can be one's own", async () => {
  const { page, room, field } = await inRoom("Quick");
  const open = async () => {
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("menuitem", { name: "Quick replies" }).click();
  };
  await open();
  await page.getByRole("button", { name: "Edit quick replies" }).click();
  await page.getByRole("textbox", { name: "Quick replies" }).fill("Coming to AMU\nBleep me");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Coming to AMU" }).click();
  await eventually(async () => assert.deepEqual((await sentBy(amara, room)).map((content) => content.body), ["Coming to AMU"]));
  await eventually(async () => assert.equal(await field.evaluate((one) => one === document.activeElement), true));
  await page.reload();
  await field.waitFor();
  await open();
  await page.getByRole("button", { name: "Bleep me" }).waitFor();
  await page.context().close();
});

test("a message that is deleted while it is being answered goes from the screen; the answer stays", async () => {
  const { page, room, field } = await inRoom("Deleted");
  const [question] = await messagesOf(demo, tom, room);
  await page.locator(".message .message-more").first().click();
  await page.getByRole("menuitem", { name: "Reply", exact: true }).click();
  await page.getByText(`Replying to ${grace.display_name}`).waitFor();
  await field.pressSequentially("not yet");
  await redact(demo, grace, room, question.event_id);
  await page.getByText("The message you were replying to has been deleted.").waitFor();
  assert.equal(await field.inputValue(), "not yet");
  assert.equal(await page.locator(".room").getByText("Are the bloods back?").count(), 0);
  await field.press("Enter");
  await eventually(async () => assert.deepEqual((await sentBy(amara, room)).map((content) => [content.body, content["m.relates_to"]]), [["not yet", undefined]]));
  await page.context().close();
});

test("removed from a conversation while typing: what was written can still be taken along", async () => {
  const { page, room, field } = await inRoom("Left");
  // The creator cannot be removed: the room is somebody else's.
  const theirs = await groupRoom(demo, "Left, theirs", [grace, amara]);
  await openRoom(page, theirs);
  await field.pressSequentially("half a thought");
  await removeFrom(demo, grace, theirs, amara);
  const kept = page.getByLabel("What you were writing");
  await kept.waitFor();
  assert.equal(await kept.inputValue(), "half a thought");
  await assertAccessible(page, "left while typing");
  await openRoom(page, room);
  assert.equal(await field.inputValue(), "");
  assertCalm(page);
  await page.context().close();
});
