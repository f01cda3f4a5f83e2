// Files in the queue: uploaded once, in order with the text around them, whatever happens on the way.

import { expect, test, vi } from "vitest";
import { Account } from "./account";
import type { Content } from "./event";
import type { Progress } from "./record";
import type { FakeServer } from "./testing/fake.mjs";
import { signIn, until, ward } from "./testing/ward";

const say = (body: string): Content => ({ msgtype: "m.text", body });
const photo = (): Content => ({ msgtype: "m.image", body: "wound.jpg", filename: "wound.jpg", info: { mimetype: "image/jpeg", size: 4 } });
const file = (bytes = "JPEG") => new Blob([bytes], { type: "image/jpeg" });

function atServer(server: FakeServer, room: string): unknown[] {
  return server.rooms.get(room)!.events.filter((one) => one.type === "m.room.message").map((one) => one.content.body);
}

function stored(server: FakeServer): string[] {
  return [...server.media.values()].flatMap((one) => (one.bytes ? [new TextDecoder().decode(one.bytes)] : []));
}

async function settled(account: Account): Promise<void> {
  await until(async () => {
    account.outbox.wake();
    expect(await account.store.pending()).toEqual([]);
  });
}

test("a file goes ahead of its message, and both keep their place among the text", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  const told: Progress[] = [];
  account.store.changes.listen((change) => told.push(...(change.progress ?? [])));
  await account.outbox.add(room, "m.room.message", say("before"));
  await account.outbox.add(room, "m.room.message", photo(), file());
  await account.outbox.add(room, "m.room.message", say("after"));
  await settled(account);
  expect(atServer(server, room)).toEqual(["before", "wound.jpg", "after"]);
  const [id] = server.media.keys();
  expect(server.media.get(id!)!.type).toBe("image/jpeg");
  expect(server.rooms.get(room)!.events.find((one) => one.content.msgtype === "m.image")!.content.url).toBe(`mxc://fake.test/${id}`);
  expect(told.at(-1)).toMatchObject({ sent: 4, size: 4 });
  expect(server.requests.some((one) => one.line.includes("wound") || "filename" in one.query)).toBe(false);
});

test("an answer lost at any step stores the file once", async () => {
  for (const step of [/POST .*media\/v1\/create/, /PUT .*media\/v3\/upload/, /PUT .*send/]) {
    for (const fate of ["lost", "dropped", { status: 503, body: { errcode: "M_UNKNOWN" } }] as const) {
      const { server, room } = await ward();
      const account = await signIn(server);
      account.start();
      server.fail(step, fate, 1);
      await account.outbox.add(room, "m.room.message", photo(), file());
      await settled(account);
      expect(stored(server)).toEqual(["JPEG"]);
      expect(atServer(server, room)).toEqual(["wound.jpg"]);
      await account.signOut();
    }
  }
});

test("a tab that closes between the upload and the message uploads nothing again", async () => {
  const { server, room } = await ward();
  const first = await signIn(server);
  server.fail(/PUT .*send/, { status: 503, body: {} }, 1);
  await first.outbox.add(room, "m.room.message", photo(), file());
  await until(() => expect(server.sent(/PUT .*send/)).toHaveLength(1));
  await first.outbox.stop();
  const second = (await Account.restore(server.url))!;
  second.start();
  await settled(second);
  expect(server.sent(/PUT .*upload/)).toHaveLength(1);
  expect(atServer(server, room)).toEqual(["wound.jpg"]);
  await second.signOut();
});

test("a reservation that lapsed is made anew", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  server.fail(/PUT .*upload/, { status: 404, body: { errcode: "M_NOT_FOUND" } }, 1);
  await account.outbox.add(room, "m.room.message", photo(), file());
  await settled(account);
  expect(server.media.size).toBe(2);
  expect(stored(server)).toEqual(["JPEG"]);
});

test("a file that waited a day after its upload is uploaded again: the server has forgotten it", async () => {
  const { server, room } = await ward();
  const first = await signIn(server);
  server.fail(/PUT .*send/, { status: 503, body: {} }, 1);
  await first.outbox.add(room, "m.room.message", photo(), file());
  await until(() => expect(server.sent(/PUT .*send/)).toHaveLength(1));
  await first.outbox.stop();
  const [waiting] = await first.store.pending();
  await first.store.updatePending(waiting!.txn_id, { upload: { ...waiting!.upload!, done_at: Date.now() - 24 * 60 * 60_000 } });
  const second = (await Account.restore(server.url))!;
  second.start();
  await settled(second);
  expect(stored(server)).toEqual(["JPEG", "JPEG"]);
  expect(server.rooms.get(room)!.events.at(-1)!.content.url).toBe(`mxc://fake.test/${[...server.media.keys()][1]}`);
  await second.signOut();
});

test("a refused file says that it is the file, and what follows is sent", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  await account.outbox.add(room, "m.room.message", photo(), file("x".repeat(1_000_001)));
  await account.outbox.add(room, "m.room.message", say("after"));
  await until(() => expect(atServer(server, room)).toEqual(["after"]));
  await until(async () => expect(await account.store.pending()).toMatchObject([{ state: "failed", reason: "UPLOAD_M_TOO_LARGE" }]));
  const [waiting] = await account.store.pending();
  expect(await account.outbox.discard(waiting!.txn_id)).toBe(true);
  expect(await account.store.file(waiting!.txn_id)).toBeUndefined();
});

test("an upload can be given up while it is under way, and leaves nothing behind", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  account.start();
  server.fail(/PUT .*upload/, { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 600_000 } }, 1);
  await account.outbox.add(room, "m.room.message", photo(), file());
  await account.outbox.add(room, "m.room.message", say("after"));
  await until(() => expect(server.sent(/PUT .*upload/)).toHaveLength(1));
  const [waiting] = await account.store.pending();
  expect(await account.outbox.discard(waiting!.txn_id)).toBe(true);
  await until(() => expect(atServer(server, room)).toEqual(["after"]));
  expect(await account.store.file(waiting!.txn_id)).toBeUndefined();
});

test("a message whose file is gone from the device says so", async () => {
  const { server, room } = await ward();
  const account = await signIn(server);
  server.fail(/POST .*create/, { status: 503, body: {} }, 1);
  await account.outbox.add(room, "m.room.message", photo(), file());
  await until(() => expect(server.sent(/POST .*create/)).toHaveLength(1));
  const lost = vi.spyOn(account.store, "file").mockResolvedValue(undefined);
  await until(async () => {
    account.outbox.wake();
    expect(await account.store.pending()).toMatchObject([{ state: "failed", reason: "FILE_GONE" }]);
  });
  lost.mockRestore();
});
