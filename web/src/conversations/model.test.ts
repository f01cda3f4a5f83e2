import { expect, test } from "vitest";
import { setMuted, setTag } from "../matrix/keep";
import { signIn, until, ward } from "../matrix/testing/ward";
import { Conversations } from "./model";

async function listed() {
  const { server, ben, room } = await ward();
  const account = await signIn(server);
  const conversations = new Conversations(account);
  account.start();
  await until(() => expect(conversations.room(room)).toBeDefined());
  const ok = (match: RegExp) => server.fail(match, { body: {} });
  return { server, account, conversations, ben, room, ok, now: () => conversations.room(room)! };
}

test("a favourite shows at once, and goes back when the server refuses it", async () => {
  const { server, account, now, ok } = await listed();
  ok(/PUT .*\/tags\/m.favourite/);
  await setTag(account, now(), "m.favourite", true);
  await until(() => expect(now().tags).toEqual(["m.favourite"]));
  server.fail(/DELETE .*\/tags\/m.favourite/, { status: 503, body: { errcode: "M_UNAVAILABLE" } });
  await expect(setTag(account, now(), "m.favourite", false)).rejects.toThrow();
  await until(() => expect(now().tags).toEqual(["m.favourite"]));
});

test("what is archived leaves the list, and comes back with a message", async () => {
  const { server, conversations, ben, room, now, ok } = await listed();
  ok(/PUT .*\/tags\/m.lowpriority/);
  await conversations.archive(now(), true);
  await until(() => expect(conversations.arranged.value.archived).toHaveLength(1));
  expect(conversations.shown.value).toEqual([]);
  ok(/DELETE .*\/tags\/m.lowpriority/);
  server.say(room, ben, "Are you there?");
  await until(() => expect(conversations.shown.value.map((one) => one.room_id)).toEqual([room]));
  await until(() => expect(server.sent(/DELETE .*m.lowpriority/)).toHaveLength(1));
});

test("what is archived and muted stays away", async () => {
  const { server, account, conversations, ben, room, now, ok } = await listed();
  ok(/PUT .*\/pushrules\/global\/room\//);
  await setMuted(account, room, true);
  await until(() => expect(conversations.isMuted(now())).toBe(true));
  ok(/PUT .*\/tags\/m.lowpriority/);
  await conversations.archive(now(), true);
  server.say(room, ben, "Nothing that matters");
  await until(() => expect(now().unread).toBeGreaterThan(0));
  expect(conversations.arranged.value.archived).toHaveLength(1);
  expect(server.sent(/DELETE .*m.lowpriority/)).toEqual([]);
});

test("what is read stays in the list of the unread while it is in front", async () => {
  const { server, account, conversations, ben, room, now } = await listed();
  server.say(room, ben, "One");
  await until(() => expect(now().unread).toBeGreaterThan(0));
  conversations.filter.value = "unread";
  conversations.front.value = room;
  await account.store.markRead(room);
  await until(() => expect(now().unread).toBe(0));
  expect(conversations.shown.value.map((one) => one.room_id)).toEqual([room]);
  conversations.front.value = undefined;
  expect(conversations.shown.value).toEqual([]);
});
