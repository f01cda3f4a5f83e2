import { expect, test } from "vitest";
import type { Account } from "../matrix/account";
import { signIn, until, ward } from "../matrix/testing/ward";
import { Conversation } from "./model";

async function open(account: Account, room: string): Promise<Conversation> {
  account.start();
  await until(async () => expect((await account.store.conversation(room)).timeline).toBeDefined());
  const conversation = new Conversation(account, room);
  await until(() => expect(conversation.loaded.value).toBe(true));
  conversation.opened();
  return conversation;
}

function bodies(conversation: Conversation): string[] {
  return conversation.items.value.flatMap((item) => (item.kind === "message" && "text" in item.body ? [item.body.text] : []));
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i}`);

test("a gap while reading leaves the place as it was, and is filled in order until the latest is reached", async () => {
  const { server, ben, room } = await ward();
  for (const body of numbered(0, 10)) server.say(room, ben, body);
  const conversation = await open(await signIn(server), room);
  expect(bodies(conversation)).toEqual(numbered(0, 10));
  server.forgetPositions();
  for (const body of numbered(10, 130)) server.say(room, ben, body);
  await until(() => expect(conversation.future.value).toBe("more"));
  const seen = bodies(conversation);
  expect(seen).toEqual(numbered(0, seen.length));
  await until(() => expect(conversation.beyond.value).toBeGreaterThan(0));
  while (conversation.future.value !== "live") await conversation.newer();
  expect(bodies(conversation)).toEqual(numbered(0, 130));
  server.say(room, ben, "m130");
  await until(() => expect(bodies(conversation)).toEqual(numbered(0, 131)));
  conversation.close();
});

test("a short conversation stays live as messages come: nothing is missing between what begins alike", async () => {
  const { server, ben, room } = await ward();
  server.say(room, ben, "m0");
  const conversation = await open(await signIn(server), room);
  const states: string[] = [];
  const undo = conversation.future.subscribe((state) => states.push(state));
  for (const body of numbered(1, 6)) {
    server.say(room, ben, body);
    await until(() => expect(bodies(conversation)).toContain(body));
  }
  expect(states).toEqual(["live"]);
  undo();
  conversation.close();
});

test("a jump far back shows what is around it, goes on both ways, and returns to the latest at once", async () => {
  const { server, ben, room } = await ward();
  const sent = numbered(0, 300).map((body) => server.say(room, ben, body));
  const conversation = await open(await signIn(server), room);
  await conversation.jumpTo(sent[100]!.event_id);
  expect(conversation.goal.value).toEqual({ to: "message", event_id: sent[100]!.event_id });
  const around = bodies(conversation);
  expect(around).toContain("m100");
  expect(around).not.toContain("m299");
  await conversation.older();
  await conversation.newer();
  const first = Number(bodies(conversation)[0]!.slice(1));
  expect(bodies(conversation)).toEqual(numbered(first, first + bodies(conversation).length));
  expect(bodies(conversation).length).toBeGreaterThan(around.length);
  server.post(room, ben, "m.room.redaction", { redacts: sent[100]!.event_id });
  await until(() => expect(bodies(conversation)).not.toContain("m100"));
  conversation.toLatest();
  expect(bodies(conversation).at(-1)).toBe("m299");
  conversation.close();
});

test("a jump to what is not there says so, and changes nothing", async () => {
  const { server, ben, room } = await ward();
  for (const body of numbered(0, 5)) server.say(room, ben, body);
  const conversation = await open(await signIn(server), room);
  await conversation.jumpTo("$nothing");
  expect(conversation.problem.value).toBe("gone");
  server.fail(/context/, { status: 502, body: {} });
  await conversation.jumpTo("$nothing");
  expect(conversation.problem.value).toBe("unreachable");
  expect(bodies(conversation)).toEqual(numbered(0, 5));
  conversation.close();
});

test("what is far from the reader is given up, and comes back when they do", async () => {
  const { server, ben, room } = await ward();
  for (const body of numbered(0, 1_800)) server.say(room, ben, body);
  const conversation = await open(await signIn(server), room);
  conversation.at(false);
  while (conversation.past.value !== "start") await conversation.older();
  expect(bodies(conversation)[0]).toBe("m0");
  expect(bodies(conversation).length).toBeLessThanOrEqual(1_600);
  expect(conversation.future.value).toBe("more");
  conversation.at(true);
  while (conversation.future.value !== "live") await conversation.newer();
  expect(bodies(conversation).at(-1)).toBe("m1799");
  const first = Number(bodies(conversation)[0]!.slice(1));
  expect(bodies(conversation)).toEqual(numbered(first, 1_800));
  conversation.close();
});
