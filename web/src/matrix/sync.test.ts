import { describe, expect, test } from "vitest";
import { Account } from "./account";
import type { Change } from "./changes";
import type { MatrixEvent } from "./event";
import { roomName, type Room } from "./record";
import { bodies, messages, signIn, until, untilBodies, ward } from "./testing/ward";

async function stateOf(account: Account): Promise<Map<string, { room: Room; events: MatrixEvent[] }>> {
  const rooms = await account.store.rooms();
  const entries = rooms.map(async (room) => {
    const { timeline } = await account.store.conversation(room.room_id);
    return [room.room_id, { room, events: timeline?.events ?? [] }] as const;
  });
  return new Map(await Promise.all(entries));
}

describe("sync", () => {
  test("brings rooms, names, unread counts and live messages", async () => {
    const { server, asha, ben, room } = await ward();
    server.say(room, ben, "bloods are back");
    const direct = server.addRoom(undefined, [ben, asha], { direct: true });
    const account = await signIn(server);
    account.start();
    await untilBodies(account, room, ["bloods are back"]);
    const rooms = new Map((await account.store.rooms()).map((one) => [one.room_id, one]));
    expect(roomName(rooms.get(room)!)).toBe("Ward 7");
    expect(rooms.get(room)!.unread).toBe(1);
    expect(rooms.get(room)!.preview?.senderName).toBe("Ben Okafor");
    expect(roomName(rooms.get(direct)!)).toBe("Ben Okafor");
    expect(rooms.get(direct)!.direct).toBe(true);
    server.say(room, ben, "K+ is 5.9");
    await untilBodies(account, room, ["bloods are back", "K+ is 5.9"]);
  });

  test("announces a change only when the store holds it", async () => {
    const { server, ben, room } = await ward();
    const account = await signIn(server);
    const checks: Promise<boolean>[] = [];
    account.store.changes.listen((change: Change) => {
      for (const timeline of change.timelines ?? []) {
        const held = account.store.conversation(timeline.room_id);
        checks.push(held.then((stored) => stored.timeline?.events.at(-1)?.event_id === timeline.events.at(-1)?.event_id));
      }
    });
    account.start();
    server.say(room, ben, "one");
    await untilBodies(account, room, ["one"]);
    expect(checks.length).toBeGreaterThan(0);
    expect(await Promise.all(checks)).not.toContain(false);
  });

  test("grows its window until every room is there", async () => {
    const { server, asha, ben } = await ward();
    for (let i = 0; i < 120; i++) server.addRoom(`Room ${i}`, [asha, ben]);
    const account = await signIn(server);
    account.start();
    await until(async () => expect(await account.store.rooms()).toHaveLength(121));
  });

  test("continues from its position after a reload", async () => {
    const { server, ben, room } = await ward();
    const first = await signIn(server);
    first.start();
    server.say(room, ben, "before");
    await untilBodies(first, room, ["before"]);
    await first.sync.stop();
    server.say(room, ben, "while away");
    const asked = server.sent(/sync$/).length;
    const second = await Account.restore(server.url);
    second!.start();
    await untilBodies(second!, room, ["before", "while away"]);
    expect(server.sent(/sync$/)[asked]!.query.pos).toBeDefined();
    await second!.signOut();
  });

  test("begins anew when the server forgot the position, and ends up with what a fresh sync has", async () => {
    const { server, asha, ben, room } = await ward();
    const gone = server.addRoom("Left elsewhere", [ben, asha]);
    const account = await signIn(server);
    account.start();
    server.say(room, ben, "one");
    await untilBodies(account, room, ["one"]);
    await account.sync.stop();
    for (let i = 0; i < 30; i++) server.say(room, ben, `more ${i}`);
    server.rooms.delete(gone);
    server.forgetPositions();
    const resumed = await Account.restore(server.url);
    resumed!.start();
    await until(async () => expect((await bodies(resumed!, room)).at(-1)).toBe("more 29"));
    await until(async () => expect((await resumed!.store.rooms()).map((one) => one.room_id)).toEqual([room]));
    const incremental = await stateOf(resumed!);
    await resumed!.signOut();
    const fresh = await signIn(server);
    fresh.start();
    await until(async () => expect((await bodies(fresh, room)).at(-1)).toBe("more 29"));
    expect([...(await stateOf(fresh)).get(room)!.events.map((one) => one.event_id)]).toEqual(incremental.get(room)!.events.map((one) => one.event_id));
  });

  test("waits and tries again while the server is gone, at once when asked", async () => {
    const { server, ben, room } = await ward();
    const account = await signIn(server);
    const states: string[] = [];
    account.store.changes.listen((change) => change.status && states.push(change.status.state));
    server.fail(/sync$/, "dropped", 2);
    server.fail(/sync$/, { status: 503, body: { errcode: "M_UNKNOWN" } }, 1);
    account.start();
    server.say(room, ben, "still here");
    for (let i = 0; i < 3; i++) {
      await until(() => expect(states.filter((state) => state === "waiting")).toHaveLength(i + 1));
      account.sync.wake();
    }
    await untilBodies(account, room, ["still here"]);
    await until(() => expect(states.at(-1)).toBe("live"));
  });

  test("heeds the server's wish to wait", async () => {
    const { server } = await ward();
    const account = await signIn(server);
    const waits: number[] = [];
    account.store.changes.listen((change) => change.status?.state === "waiting" && waits.push(change.status.retryAt - Date.now()));
    server.fail(/sync$/, { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 25_000 } });
    account.start();
    await until(() => expect(waits).toHaveLength(1));
    expect(waits[0]).toBeGreaterThan(20_000);
  });

  test("an unreadable answer is tried again and breaks nothing", async () => {
    const { server, ben, room } = await ward();
    const account = await signIn(server);
    server.fail(/sync$/, { status: 200, body: { rooms: 7 } });
    server.fail(/sync$/, { status: 200, body: ["<html>"] });
    account.start();
    server.say(room, ben, "hello");
    await until(async () => {
      account.sync.wake();
      expect(await bodies(account, room)).toEqual(["hello"]);
    });
  });

  test("shows an invitation, and the conversation once accepted", async () => {
    const { server, asha, ben } = await ward();
    const invited = server.addRoom("Theatre list", [ben]);
    server.member(invited, asha, "invite", ben);
    const account = await signIn(server);
    account.start();
    await until(async () => {
      const room = (await account.store.rooms()).find((one) => one.room_id === invited);
      expect(room).toMatchObject({ membership: "invite", name: "Theatre list", inviter: { user_id: ben, name: "Ben Okafor" } });
    });
    server.member(invited, asha, "join");
    await until(async () => expect((await account.store.rooms()).find((one) => one.room_id === invited)?.membership).toBe("join"));
  });

  test("takes the content of a redacted message from the device", async () => {
    const { server, ben, room } = await ward();
    const account = await signIn(server);
    account.start();
    const wrong = server.say(room, ben, "sent to the wrong ward");
    await untilBodies(account, room, ["sent to the wrong ward"]);
    server.post(room, ben, "m.room.redaction", { redacts: wrong.event_id });
    await untilBodies(account, room, ["deleted"]);
    const stored = await account.store.conversation(room);
    expect(JSON.stringify(stored)).not.toContain("wrong ward");
  });

  test("tells who is typing and who has read", async () => {
    const { server, asha, ben, room } = await ward();
    const account = await signIn(server);
    const typing: string[][] = [];
    account.store.changes.listen((change) => change.typing?.forEach((one) => typing.push(one.users)));
    account.start();
    const mine = server.say(room, asha, "anyone free?");
    server.setTyping(room, [ben]);
    await until(() => expect(typing.at(-1)).toEqual([ben]));
    server.read(room, ben, mine.event_id);
    await until(async () => expect((await messages(account, room)).at(-1)?.readers).toBe(1));
  });
});

describe("the session", () => {
  test("renews an expired token and goes on", async () => {
    const { server, ben, room } = await ward();
    const account = await signIn(server);
    account.start();
    server.say(room, ben, "one");
    await untilBodies(account, room, ["one"]);
    server.expireTokens();
    server.say(room, ben, "two");
    await untilBodies(account, room, ["one", "two"]);
    expect(server.sent(/refresh$/)).toHaveLength(1);
  });

  test("ends, and leaves nothing behind, when it is revoked", async () => {
    const { server } = await ward();
    const account = await signIn(server);
    const ended = new Promise((resolve) => account.onEnded(resolve));
    account.start();
    await until(() => expect(server.waiting.size).toBe(1));
    server.expireTokens({ refresh: true });
    expect(await ended).toBe("revoked");
    expect(await Account.restore(server.url)).toBeUndefined();
  });

  test("survives a reload, and not a sign-out", async () => {
    const { server, asha } = await ward();
    const account = await signIn(server);
    const again = await Account.restore(server.url);
    expect(again?.userId).toBe(asha);
    again!.store.close();
    await account.signOut();
    expect(server.sent(/logout$/)).toHaveLength(1);
    expect(await indexedDB.databases()).toEqual([]);
    expect(await Account.restore(server.url)).toBeUndefined();
  });

  test("another tab hears of the sign-out", async () => {
    const { server } = await ward();
    const account = await signIn(server);
    const other = await Account.restore(server.url);
    const ended = new Promise((resolve) => other!.onEnded(resolve));
    await account.signOut();
    expect(await ended).toBe("elsewhere");
  });

  test("signs out here even when the server is gone", async () => {
    const { server } = await ward();
    const account = await signIn(server);
    server.fail(/logout$/, "dropped");
    await account.signOut();
    expect(await Account.restore(server.url)).toBeUndefined();
  });

  test("refuses a wrong password with the server's code", async () => {
    const { server } = await ward();
    await expect(Account.signIn(server.url, "asha", "wrong", "test")).rejects.toMatchObject({ status: 403, code: "M_FORBIDDEN" });
  });
});
