import { expect, test } from "vitest";
import { Account } from "./account";
import type { Content } from "./event";
import { bodies, messages, signIn, until, untilBodies, ward } from "./testing/ward";
import type { FakeServer } from "./testing/fake.mjs";

const say = (body: string): Content => ({ msgtype: "m.text", body });

function atServer(server: FakeServer, room: string): unknown[] {
  return server.rooms.get(room)!.events.filter((one) => one.type === "m.room.message").map((one) => one.content.body);
}

test("the echo is told before anything is stored or sent", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  const told: string[] = [];
  account.store.changes.listen((change) => change.pending?.forEach((one) => told.push(one.state)));
  const added = account.outbox.add(room, "m.room.message", say("now"));
  expect(told).toEqual(["queued"]);
  await added;
  await until(() => expect(atServer(server, room)).toEqual(["now"]));
});

test("messages arrive once each and in order, whatever is lost on the way", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  server.fail(/PUT .*send/, "lost", 1);
  server.fail(/PUT .*send/, "dropped", 1);
  server.fail(/PUT .*send/, { status: 502, body: {} }, 1);
  const expected = ["one", "two", "three", "four"];
  for (const body of expected) await account.outbox.add(room, "m.room.message", say(body));
  await until(() => {
    account.outbox.wake();
    expect(atServer(server, room)).toEqual(expected);
  });
  await untilBodies(account, room, expected);
  await until(async () => expect(await account.store.pending()).toEqual([]));
  expect((await messages(account, room)).map((one) => one.state)).toEqual(Array(4).fill("received"));
});

test("the echo and its event have one key, and are never both shown", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  const keys = new Set<string>();
  let most = 0;
  account.store.changes.listen(() => {
    void messages(account, room).then((shown) => {
      most = Math.max(most, shown.length);
      for (const one of shown) keys.add(one.key);
    });
  });
  await account.outbox.add(room, "m.room.message", say("hello"));
  await until(async () => expect((await messages(account, room))[0]?.state).toBe("received"));
  expect(keys.size).toBe(1);
  expect(most).toBe(1);
});

test("what was not sent when the tab closed is sent at the next visit", async () => {
  const { server, room } = await ward();
  const first = await signIn(server);
  server.fail(/PUT .*send/, { status: 503, body: {} }, 1);
  await first.outbox.add(room, "m.room.message", say("kept"));
  await until(() => expect(server.sent(/PUT .*send/)).toHaveLength(1));
  await first.outbox.stop();
  expect(atServer(server, room)).toEqual([]);
  const second = await Account.restore(server.url);
  second!.start();
  await until(() => expect(atServer(server, room)).toEqual(["kept"]));
  const [one, two] = server.sent(/PUT .*send/);
  expect(one!.line).toBe(two!.line);
  await second!.signOut();
});

test("a refused message says so, lets later ones pass, and can be sent again or discarded", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  server.fail(/PUT .*send/, { status: 413, body: { errcode: "M_TOO_LARGE" } }, 2);
  await account.outbox.add(room, "m.room.message", say("too long"));
  await until(async () => expect(await account.store.pending()).toMatchObject([{ state: "failed", reason: "M_TOO_LARGE" }]));
  await account.outbox.add(room, "m.room.message", say("far too long"));
  await until(async () => expect((await account.store.pending()).map((one) => one.state)).toEqual(["failed", "failed"]));
  await account.outbox.add(room, "m.room.message", say("short"));
  await until(() => expect(atServer(server, room)).toEqual(["short"]));
  const [first, second] = await account.store.pending();
  await account.outbox.retry(first!.txn_id);
  await account.outbox.discard(second!.txn_id);
  await until(() => expect(atServer(server, room)).toEqual(["short", "too long"]));
  await untilBodies(account, room, ["short", "too long"]);
});

test("one conversation does not wait for another", async () => {
  const { server, asha, ben, room } = await ward();
  const other = server.addRoom("Theatre", [asha, ben]);
  const account = await signIn(server);
  server.fail(new RegExp(`PUT .*${encodeURIComponent(room)}/send`), { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 60_000 } }, 1);
  await account.outbox.add(room, "m.room.message", say("held back"));
  await account.outbox.add(other, "m.room.message", say("free"));
  await until(() => expect(atServer(server, other)).toEqual(["free"]));
  expect(atServer(server, room)).toEqual([]);
  await until(async () => expect(await account.unsent()).toBe(1));
});

test("a token that expires in between loses nothing", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  server.expireTokens();
  await account.outbox.add(room, "m.room.message", say("after the renewal"));
  await untilBodies(account, room, ["after the renewal"]);
  expect(await bodies(account, room)).toHaveLength(1);
});
