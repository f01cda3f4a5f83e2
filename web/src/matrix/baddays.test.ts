// The queue on bad days: a full disk, a crashed tab, a message taken back too late, proxies, limits, half an hour offline.

import { expect, test, vi } from "vitest";
import { Account } from "./account";
import type { Content } from "./event";
import type { Pending } from "./record";
import type { FakeServer } from "./testing/fake.mjs";
import { bodies, signIn, until, untilBodies, ward } from "./testing/ward";

const say = (body: string): Content => ({ msgtype: "m.text", body });

function atServer(server: FakeServer, room: string): unknown[] {
  return server.rooms.get(room)!.events.filter((one) => one.type === "m.room.message").map((one) => one.content.body);
}

/** Everything said of waiting messages, in order. */
function told(account: Account): Pending[] {
  const all: Pending[] = [];
  account.store.changes.listen((change) => all.push(...(change.pending ?? [])));
  return all;
}

const full = () => Promise.reject(new DOMException("the disk is full", "QuotaExceededError"));

test("a message added just as the queue was found empty is not forgotten", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  const next = account.store.nextPending.bind(account.store);
  let added: Promise<void> | undefined;
  vi.spyOn(account.store, "nextPending").mockImplementation(async (...given) => {
    const found = await next(...given);
    if (!found && !added) {
      added = account.outbox.add(room, "m.room.message", say("second"));
      await added;
    }
    return found;
  });
  await account.outbox.add(room, "m.room.message", say("first"));
  await until(() => expect(atServer(server, room)).toEqual(["first", "second"]));
});

test("with a full disk a message is still sent, and it is said that only this window keeps it", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  const all = told(account);
  const spy = vi.spyOn(account.store, "addPending").mockImplementation(full);
  server.fail(/PUT .*send/, { status: 503, body: {} }, 1);
  await account.outbox.add(room, "m.room.message", say("no room"));
  expect(all.map((one) => one.reason)).toEqual([undefined, "NOT_STORED"]);
  expect(account.outbox.held).toBe(1);
  expect(await account.unsent()).toBe(1);
  await until(() => {
    account.outbox.wake();
    expect(atServer(server, room)).toEqual(["no room"]);
  });
  await until(() => expect(account.outbox.held).toBe(0));
  spy.mockRestore();
});

test("with a disk that fills up later nothing is sent twice", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  const spy = vi.spyOn(account.store, "updatePending").mockImplementation(full);
  for (const body of ["one", "two"]) await account.outbox.add(room, "m.room.message", say(body));
  await until(() => expect(atServer(server, room)).toEqual(["one", "two"]));
  expect(server.sent(/PUT .*send/)).toHaveLength(2);
  spy.mockRestore();
  await untilBodies(account, room, ["one", "two"]);
});

test("a message taken back before it was tried never leaves", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  server.fail(/PUT .*send/, { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 600_000 } }, 1);
  await account.outbox.add(room, "m.room.message", say("held up"));
  await until(() => expect(server.sent(/PUT .*send/)).toHaveLength(1));
  await account.outbox.add(room, "m.room.message", say("wrong person"));
  const [first, second] = await account.store.pending();
  expect(await account.outbox.discard(second!.txn_id)).toBe(true);
  await account.outbox.discard(first!.txn_id);
  await account.outbox.add(room, "m.room.message", say("right person"));
  await until(() => expect(atServer(server, room)).toEqual(["right person"]));
});

test("a message taken back whose answer was lost is deleted at the server when it shows there", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  server.fail(/PUT .*send/, "lost", 1);
  await account.outbox.add(room, "m.room.message", say("wrong patient"));
  await until(() => expect(atServer(server, room)).toEqual(["wrong patient"]));
  const [waiting] = await account.store.pending();
  expect(await account.outbox.discard(waiting!.txn_id)).toBe(true);
  expect(await bodies(account, room)).toEqual([]);
  expect(await account.unsent()).toBe(0);
  account.start();
  await until(() => expect(atServer(server, room)).toEqual([undefined]));
  await untilBodies(account, room, ["deleted"]);
  await until(async () => expect(await account.store.pending()).toEqual([]));
  expect(server.sent(/PUT .*send/)).toHaveLength(1);
  expect(server.sent(/PUT .*redact/)).toHaveLength(1);
});

test("what has arrived cannot be taken back as if it had not", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  await account.outbox.add(room, "m.room.message", say("sent"));
  const [waiting] = await account.store.pending();
  await until(async () => expect(await account.store.pending()).toEqual([]));
  expect(await account.outbox.discard(waiting?.txn_id ?? "gone")).toBe(false);
  expect(atServer(server, room)).toEqual(["sent"]);
});

test("what a proxy on the way says is no refusal by the server", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  const all = told(account);
  for (const status of [403, 404, 407]) server.fail(/PUT .*send/, { status, body: "<html>guest network</html>" }, 1);
  await account.outbox.add(room, "m.room.message", say("through"));
  await until(() => {
    account.outbox.wake();
    expect(atServer(server, room)).toEqual(["through"]);
  });
  expect(all.some((one) => one.state === "failed")).toBe(false);
});

test("each of the server's refusals has its own code", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  for (const [status, code] of [[403, "M_FORBIDDEN"], [413, "M_TOO_LARGE"], [400, "M_BAD_JSON"], [413, "M_UNKNOWN"]] as const) {
    server.fail(/PUT .*send/, { status, body: { errcode: code } }, 1);
    await account.outbox.add(room, "m.room.message", say(code));
  }
  await until(async () => expect((await account.store.pending()).map((one) => one.reason)).toEqual(["M_FORBIDDEN", "M_TOO_LARGE", "M_BAD_JSON", "M_TOO_LARGE"]));
});

test("waiting is told with its reason and its end, and the server's own wish is not cut short", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  const all = told(account);
  server.fail(/PUT .*send/, "dropped", 1);
  server.fail(/PUT .*send/, { status: 500, body: { errcode: "M_UNKNOWN" } }, 1);
  server.fail(/PUT .*send/, { status: 429, headers: { "retry-after": "600" }, body: { errcode: "M_LIMIT_EXCEEDED" } }, 1);
  await account.outbox.add(room, "m.room.message", say("patient"));
  await until(() => {
    account.outbox.wake();
    expect(all.at(-1)?.reason).toBe("LIMITED");
  });
  expect(all.filter((one) => one.reason).map((one) => one.reason)).toEqual(["OFFLINE", "BUSY", "LIMITED"]);
  expect(all.at(-1)!.retry_at! - Date.now()).toBeGreaterThan(500_000);
  account.outbox.wake();
  expect(server.sent(/PUT .*send/)).toHaveLength(2);
});

test("tokens that are refused again and again, and a renewal that fails, lose nothing", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  server.fail(/PUT .*send/, { status: 401, body: { errcode: "M_UNKNOWN_TOKEN" } }, 3);
  server.fail(/POST .*refresh/, { status: 503, body: {} }, 1);
  await account.outbox.add(room, "m.room.message", say("after all"));
  await until(() => {
    account.outbox.wake();
    expect(atServer(server, room)).toEqual(["after all"]);
  });
});

test("another tab takes up what a crashed one left", async () => {
  const { server, room } = await ward();
  const first = await signIn(server);
  first.start();
  const second = (await Account.restore(server.url))!;
  second.start();
  server.fail(/PUT .*send/, { status: 503, body: {} }, 1);
  await first.outbox.add(room, "m.room.message", say("left behind"));
  await until(() => expect(server.sent(/PUT .*send/)).toHaveLength(1));
  // A crash gives the locks back and does nothing else.
  await first.outbox.stop();
  await until(() => expect(atServer(server, room)).toEqual(["left behind"]));
  expect(new Set(server.sent(/PUT .*send/).map((one) => one.line)).size).toBe(1);
});

test("two tabs send each message once, in the order of their queue", async () => {
  const { server, room } = await ward();
  const first = await signIn(server);
  first.start();
  const second = (await Account.restore(server.url))!;
  second.start();
  const expected = Array.from({ length: 12 }, (_, i) => `m${i}`);
  for (const [i, body] of expected.entries()) await (i % 2 ? first : second).outbox.add(room, "m.room.message", say(body));
  await until(() => expect(atServer(server, room)).toEqual(expected));
  expect(server.sent(/PUT .*send/)).toHaveLength(expected.length);
});

test("a message that one tab waits to send again can be taken back in another, and the next one goes", async () => {
  const { server, room } = await ward();
  const first = await signIn(server);
  first.start();
  server.fail(/PUT .*send/, { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 600_000 } }, 1);
  await first.outbox.add(room, "m.room.message", say("wrong person"));
  await first.outbox.add(room, "m.room.message", say("right person"));
  await until(() => expect(server.sent(/PUT .*send/)).toHaveLength(1));
  const second = (await Account.restore(server.url))!;
  const [waiting] = await second.store.pending();
  expect(await second.outbox.discard(waiting!.txn_id)).toBe(true);
  await until(() => expect(atServer(server, room)).toEqual(["right person"]));
  second.store.close();
});

test("half an hour offline loses nothing, and asks no more often than it must", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  try {
    server.fail(/PUT .*send/, "dropped", Infinity);
    const expected = ["one", "two", "three"];
    for (const body of expected) await account.outbox.add(room, "m.room.message", say(body));
    const spy = vi.spyOn(globalThis, "fetch");
    const start = Date.now();
    while (Date.now() < start + 30 * 60_000) {
      await vi.advanceTimersByTimeAsync(5_000);
      await Promise.allSettled(spy.mock.results.map((one) => one.value as Promise<unknown>));
    }
    expect(spy.mock.calls.length).toBeLessThan(120);
    expect(atServer(server, room)).toEqual([]);
    server.recover();
    await until(() => {
      account.outbox.wake();
      expect(atServer(server, room)).toEqual(expected);
    });
  } finally {
    vi.useRealTimers();
  }
});

test("a clock that jumps by a year keeps the queue going and its echoes in place", async () => {
  const { server, ben, room } = await ward();
  const account = await signIn(server);
  account.start();
  await until(async () => expect((await account.store.conversation(room)).timeline).toBeDefined());
  const now = vi.spyOn(Date, "now");
  for (const year of [-1, 1]) {
    now.mockImplementation(() => performance.timeOrigin + performance.now() + year * 365 * 86_400_000);
    server.say(room, ben, `question ${year}`);
    await until(async () => expect((await bodies(account, room)).at(-1)).toBe(`question ${year}`));
    await account.outbox.add(room, "m.room.message", say(`answer ${year}`));
    expect((await bodies(account, room)).at(-1)).toBe(`answer ${year}`);
    await until(async () => expect(await account.store.pending()).toEqual([]));
  }
  now.mockRestore();
  await untilBodies(account, room, ["question -1", "answer -1", "question 1", "answer 1"]);
});
