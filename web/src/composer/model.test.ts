import { expect, test } from "vitest";
import type { Account } from "../matrix/account";
import { signIn, until, ward } from "../matrix/testing/ward";
import type { FakeServer } from "../matrix/testing/fake.mjs";
import { Composer } from "./model";
import { Draft, type Target } from "./draft";
import { quickType, QuickReplies } from "./quick";

const around = { lastOwn: (): Target | undefined => undefined, sending: () => undefined };

async function writing(lastOwn = around.lastOwn) {
  const found = await ward();
  const account = await signIn(found.server);
  account.start();
  await until(async () => expect((await account.store.conversation(found.room)).timeline).toBeDefined());
  const draft = new Draft();
  return { ...found, account, draft, composer: new Composer(account, found.room, draft, { ...around, lastOwn }) };
}

function contents(server: FakeServer, room: string) {
  return server.rooms.get(room)!.events.filter((one) => one.type === "m.room.message").map((one) => one.content);
}

async function untilSaved(account: Account, name: string, check: (draft: unknown) => void) {
  await until(async () => check(await account.store.draft(name)));
}

test("a draft survives a restart, with what it answers and whom it names; what was sent does not come back", async () => {
  const { account, room, draft, composer, server, ben } = await writing();
  const target: Target = { event_id: "$q", sender: ben, body: { kind: "text", text: "Are the bloods back?" } };
  draft.reply(target);
  composer.typed("not yet @be", 11);
  await until(() => expect(composer.offered.value.map((one) => one.name)).toEqual(["Ben Okafor"]));
  expect(composer.name()).toBe(20);
  await untilSaved(account, room, (saved) => expect(saved).toMatchObject({ text: "not yet @Ben Okafor ", mentions: [{ user_id: ben }] }));
  composer.close();
  const later = new Draft();
  const again = new Composer(account, room, later, around);
  await until(() => expect(later.text.value).toBe("not yet @Ben Okafor "));
  expect(later.replyTo.value).toEqual(target);
  again.send();
  await until(() => expect(contents(server, room)).toMatchObject([{ body: "not yet @Ben Okafor", "m.mentions": { user_ids: [ben] }, "m.relates_to": { "m.in_reply_to": { event_id: "$q" } } }]));
  await untilSaved(account, room, (saved) => expect(saved).toBeUndefined());
  again.close();
});

test("closing at once after a key press loses nothing", async () => {
  const { account, room, composer } = await writing();
  await until(async () => expect(await account.store.draft(room)).toBeUndefined());
  composer.typed("half a thou");
  composer.close();
  await untilSaved(account, room, (saved) => expect(saved).toMatchObject({ text: "half a thou" }));
});

test("a thread has a draft of its own", async () => {
  const { account, room, composer, server } = await writing();
  composer.typed("in the conversation");
  const threaded = new Draft();
  threaded.thread.value = "$root";
  const inThread = new Composer(account, room, threaded, around);
  inThread.typed("in the thread");
  await untilSaved(account, `${room} $root`, (saved) => expect(saved).toMatchObject({ text: "in the thread" }));
  await untilSaved(account, room, (saved) => expect(saved).toMatchObject({ text: "in the conversation" }));
  inThread.send();
  await until(() => expect(contents(server, room)).toMatchObject([{ "m.relates_to": { rel_type: "m.thread", event_id: "$root" } }]));
  composer.close();
  inThread.close();
});

test("a message that is deleted while it is answered takes its words with it, and leaves the answer", async () => {
  const { server, room, ben, draft, composer } = await writing();
  const question = server.say(room, ben, "wrong patient");
  draft.reply({ event_id: question.event_id, sender: ben, body: { kind: "text", text: "wrong patient" } });
  composer.typed("who is that?");
  server.post(room, ben, "m.room.redaction", { redacts: question.event_id });
  await until(() => expect(composer.notice.value).toBe("reply deleted"));
  expect(draft.replyTo.value).toBeUndefined();
  expect(draft.text.value).toBe("who is that?");
  composer.send();
  await until(() => expect(contents(server, room).at(-1)).toEqual({ msgtype: "m.text", body: "who is that?", "m.mentions": {} }));
  expect(composer.notice.value).toBeUndefined();
  composer.close();
});

test("a message deleted while nobody looked is not answered after a restart either", async () => {
  const { account, server, room, ben, draft, composer } = await writing();
  const question = server.say(room, ben, "wrong patient");
  draft.reply({ event_id: question.event_id, sender: ben, body: { kind: "text", text: "wrong patient" } });
  await untilSaved(account, room, (saved) => expect(saved).toBeDefined());
  composer.close();
  server.post(room, ben, "m.room.redaction", { redacts: question.event_id });
  await until(async () => expect((await account.store.conversation(room)).timeline?.events.at(-1)?.type).toBe("m.room.redaction"));
  const later = new Draft();
  const again = new Composer(account, room, later, around);
  await until(() => expect(again.notice.value).toBe("reply deleted"));
  expect(later.replyTo.value).toBeUndefined();
  again.close();
});

test("the up arrow edits the last own message, and what was being written comes back", async () => {
  const last: Target = { event_id: "$mine", sender: "@asha:fake.test", body: { kind: "text", text: "5 mg" } };
  const { server, room, draft, composer } = await writing(() => last);
  composer.typed("something");
  expect(composer.editLast()).toBe(false);
  draft.edit(last);
  expect(draft.text.value).toBe("5 mg");
  composer.send();
  expect(draft.text.value).toBe("something");
  composer.typed("");
  expect(composer.editLast()).toBe(true);
  composer.typed("50 micrograms");
  composer.send();
  await until(() => expect(contents(server, room)).toMatchObject([{ body: "* 50 micrograms", "m.new_content": { body: "50 micrograms" }, "m.relates_to": { rel_type: "m.replace", event_id: "$mine" } }]));
  expect(draft.editing.value).toBeUndefined();
  composer.close();
});

test("a message deleted while it is edited leaves what was written as a new one", async () => {
  const { server, room, asha, draft, composer } = await writing();
  const own = server.say(room, asha, "5 mg");
  draft.edit({ event_id: own.event_id, sender: asha, body: { kind: "text", text: "5 mg" } });
  composer.typed("50 micrograms");
  server.post(room, asha, "m.room.redaction", { redacts: own.event_id });
  await until(() => expect(composer.notice.value).toBe("edit deleted"));
  composer.send();
  await until(() => expect(contents(server, room).at(-1)).toEqual({ msgtype: "m.text", body: "50 micrograms", "m.mentions": {} }));
  composer.close();
});

test("an overlong text is kept and said to be so; ten thousand characters go", async () => {
  const { server, room, draft, composer } = await writing();
  composer.typed("é".repeat(40_000));
  composer.send();
  expect(composer.size.value.state).toBe("over");
  expect(draft.text.value).toHaveLength(40_000);
  composer.typed("x".repeat(10_000));
  composer.send();
  await until(() => expect(contents(server, room)).toMatchObject([{ body: "x".repeat(10_000) }]));
  expect(draft.text.value).toBe("");
  composer.close();
});

test("what looks like an identifier is said once, and never in the way", async () => {
  const { server, room, composer } = await writing();
  composer.typed("999 000 0026 born 1/2/1950");
  expect(composer.identifiers.value).toEqual(["nhs", "birth"]);
  composer.acceptIdentifiers();
  expect(composer.identifiers.value).toEqual([]);
  composer.typed("999 000 0026 born 1/2/1950, 07700 900123");
  expect(composer.identifiers.value).toEqual(["phone"]);
  composer.send();
  await until(() => expect(contents(server, room)).toHaveLength(1));
  composer.typed("999 000 0034");
  expect(composer.identifiers.value).toEqual(["nhs"]);
  composer.close();
});

test("one file takes the text for its caption; several keep theirs, and the text follows", async () => {
  const { server, room, ben, draft, composer } = await writing();
  const file = (name: string) => new File(["data"], name, { type: "application/pdf" });
  composer.tray.add([file("letter.pdf")]);
  draft.reply({ event_id: "$q", sender: ben, body: { kind: "text", text: "?" } });
  composer.typed("the letter");
  expect(composer.ready.value).toBe(true);
  composer.send();
  expect(composer.tray.pieces.value).toEqual([]);
  composer.tray.add([file("a.pdf"), file("b.pdf")]);
  composer.tray.pieces.value[1]!.caption.value = "second";
  composer.typed("both");
  composer.send();
  await until(() => expect(contents(server, room)).toHaveLength(4));
  expect(contents(server, room)).toMatchObject([
    { msgtype: "m.file", body: "the letter", filename: "letter.pdf", "m.relates_to": { "m.in_reply_to": { event_id: "$q" } } },
    { body: "a.pdf", filename: "a.pdf" },
    { body: "second", filename: "b.pdf" },
    { msgtype: "m.text", body: "both" },
  ]);
  composer.close();
});

test("a file that is empty, too large or one too many is said to be so before anything is sent", async () => {
  const { composer } = await writing();
  const { tray } = composer;
  tray.add([new File([], "empty.pdf"), new File(["x".repeat(1_000_001)], "large.pdf"), new File(["x"], "good.pdf")]);
  await until(() => expect(tray.limit.value).toBe(1_000_000));
  expect(tray.pieces.value.map((piece) => tray.problem(piece))).toEqual(["empty", "large", undefined]);
  expect(composer.ready.value).toBe(false);
  for (const piece of tray.pieces.value.slice(0, 2)) tray.remove(piece.id);
  expect(composer.ready.value).toBe(true);
  tray.add(Array.from({ length: 25 }, (_, i) => new File(["x"], `${i}.txt`)));
  expect(tray.pieces.value).toHaveLength(20);
  expect(tray.refused.value).toBe(6);
  composer.close();
});

test("quick replies are one's own on every device, and begin with those that everyone has", async () => {
  const { account, server, room, draft, composer } = await writing();
  expect(composer.quick.list.value).toContain("On my way");
  composer.typed("unfinished");
  composer.sendQuick("On my way");
  await until(() => expect(contents(server, room)).toMatchObject([{ body: "On my way" }]));
  expect(draft.text.value).toBe("unfinished");
  server.fail(/PUT .*account_data/, { status: 503, body: {} }, 1);
  expect(await composer.quick.save(["Coming"])).toBe(false);
  expect(composer.quick.saving.value).toBe("failed");
  server.fail(/PUT .*account_data/, { body: {} }, 1);
  expect(await composer.quick.save(["  Coming ", "", "x".repeat(500)])).toBe(true);
  expect(composer.quick.list.value).toEqual(["Coming", "x".repeat(200)]);
  expect(server.sent(/PUT .*account_data/).at(-1)!.line).toContain(quickType);
  const elsewhere = new QuickReplies(account);
  await until(() => expect(elsewhere.list.value[0]).toBe("Coming"));
  elsewhere.close();
  composer.close();
});
