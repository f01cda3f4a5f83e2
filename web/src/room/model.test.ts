import { expect, test } from "vitest";
import { Conversations } from "../conversations/model";
import type { Account } from "../matrix/account";
import { signIn, until, ward } from "../matrix/testing/ward";
import { Composer } from "../composer/model";
import { Conversation } from "./model";

async function open(account: Account, room: string): Promise<Conversation> {
  account.start();
  await until(async () => expect((await account.store.conversation(room)).timeline).toBeDefined());
  const conversation = new Conversation(account, room);
  await until(() => expect(conversation.loaded.value).toBe(true));
  return conversation;
}

function composing(account: Account, conversation: Conversation): Composer {
  return new Composer(account, conversation.roomId, conversation.draft, conversation);
}

function bodies(conversation: Conversation): string[] {
  return conversation.items.value.flatMap((item) => (item.kind === "message" && "text" in item.body ? [item.body.text] : []));
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i}`);

test("scrolls back to the very beginning, and stays live meanwhile", async () => {
  const { server, ben, room } = await ward();
  for (const body of numbered(0, 130)) server.say(room, ben, body);
  const conversation = await open(await signIn(server), room);
  expect(bodies(conversation)).toEqual(numbered(110, 130));
  await conversation.older();
  expect(bodies(conversation)).toEqual(numbered(60, 130));
  server.say(room, ben, "m130");
  await until(() => expect(bodies(conversation)).toEqual(numbered(60, 131)));
  while (conversation.past.value !== "start") await conversation.older();
  expect(bodies(conversation)).toEqual(numbered(0, 131));
  conversation.close();
});

test("asks where the past begins when the store no longer knows", async () => {
  const { server, ben, room } = await ward();
  const account = await signIn(server);
  const conversation = await open(account, room);
  for (let from = 0; from < 150; from += 15) {
    for (const body of numbered(from, from + 15)) server.say(room, ben, body);
    await until(() => expect(bodies(conversation).at(-1)).toBe(`m${from + 14}`));
  }
  expect((await account.store.conversation(room)).timeline?.events).toHaveLength(100);
  const again = new Conversation(account, room);
  await until(() => expect(again.loaded.value).toBe(true));
  await until(() => expect(bodies(again).at(-1)).toBe("m149"));
  while (again.past.value !== "start") await again.older();
  expect(bodies(again)).toEqual(numbered(0, 150));
  conversation.close();
  again.close();
});

test("a failure to load the past is told, and mended by trying again", async () => {
  const { server, ben, room } = await ward();
  for (const body of numbered(0, 30)) server.say(room, ben, body);
  const conversation = await open(await signIn(server), room);
  server.fail(/GET .*messages$/, { status: 500, body: {} });
  await conversation.older();
  expect(conversation.past.value).toBe("failed");
  await conversation.older();
  expect(bodies(conversation)).toEqual(numbered(0, 30));
  conversation.close();
});

test("a message deleted while scrolled far back is gone from there too", async () => {
  const { server, ben, room } = await ward();
  const early = server.say(room, ben, "wrong patient");
  for (const body of numbered(0, 60)) server.say(room, ben, body);
  const conversation = await open(await signIn(server), room);
  while (conversation.past.value !== "start") await conversation.older();
  expect(bodies(conversation)).toContain("wrong patient");
  server.post(room, ben, "m.room.redaction", { redacts: early.event_id });
  await until(() => expect(bodies(conversation)).not.toContain("wrong patient"));
  conversation.close();
});

test("sends, shows the echo at once, and puts the conversation first", async () => {
  const { server, asha, ben, room } = await ward();
  const other = server.addRoom("Theatre", [asha, ben]);
  server.say(other, ben, "more recent");
  const account = await signIn(server);
  const conversation = await open(account, room);
  const list = new Conversations(account);
  await until(() => expect(list.list.value.map((one) => one.room_id)).toEqual([other, room]));
  server.fail(/PUT .*send/, { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 60_000 } });
  const composer = composing(account, conversation);
  composer.typed("  on my way  ");
  composer.send();
  expect(conversation.draft.text.value).toBe("");
  expect(bodies(conversation)).toEqual(["on my way"]);
  expect(list.list.value.map((one) => one.room_id)).toEqual([room, other]);
  list.close();
  composer.close();
  conversation.close();
});

test("says that it was read once, and clears the badge", async () => {
  const { server, asha, ben, room } = await ward();
  const last = server.say(room, ben, "read me");
  const account = await signIn(server);
  const conversation = await open(account, room);
  const list = new Conversations(account);
  await until(() => expect(list.unread.value).toBe(1));
  for (let i = 0; i < 3; i++) conversation.seen();
  await until(() => expect(list.unread.value).toBe(0));
  expect(server.rooms.get(room)!.receipts.get(asha)).toBe(last.event_id);
  conversation.seen();
  expect(server.sent(/receipt/)).toHaveLength(1);
  list.close();
  conversation.close();
});

test("an invitation can be accepted", async () => {
  const { server, asha, ben } = await ward();
  const invited = server.addRoom("Theatre list", [ben]);
  server.member(invited, asha, "invite", ben);
  const conversation = await open(await signIn(server), invited);
  expect(conversation.room.value?.membership).toBe("invite");
  server.fail(/join$/, "dropped");
  await conversation.accept();
  expect(conversation.answering.value).toBe("failed");
  await conversation.accept();
  await until(() => expect(conversation.room.value?.membership).toBe("join"));
  conversation.close();
});

test("the list shows what is on its way, and what failed until it is dealt with", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  const conversation = await open(account, room);
  const list = new Conversations(account);
  await until(() => expect(list.loaded.value).toBe(true));
  server.fail(/PUT .*send/, { status: 403, body: { errcode: "M_FORBIDDEN" } });
  const composer = composing(account, conversation);
  composer.typed("refused");
  composer.send();
  expect(list.outgoing.value.get(room)?.state).toBe("queued");
  await until(() => expect(list.outgoing.value.get(room)?.state).toBe("failed"));
  composer.typed("accepted");
  composer.send();
  await until(() => expect(bodies(conversation)).toEqual(["accepted", "refused"]));
  expect(list.outgoing.value.get(room)?.state).toBe("failed");
  conversation.discard(list.outgoing.value.get(room)!.txn_id);
  await until(() => expect(list.outgoing.value.size).toBe(0));
  list.close();
  composer.close();
  conversation.close();
});
