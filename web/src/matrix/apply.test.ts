import { describe, expect, test } from "vitest";
import { joined, keptEvents, updateRoom, updateTimeline, withData } from "./apply";
import type { MatrixEvent } from "./event";
import { fold } from "./fold";
import { roomName } from "./record";
import { readSync, type RoomUpdate } from "./sliding";

const me = "@asha:trust";

function events(ids: string): MatrixEvent[] {
  return [...ids].map((id) => ({ event_id: id, type: "m.room.message", sender: "@ben:trust", origin_server_ts: 1, content: { body: id } }));
}

const ids = (all: MatrixEvent[]) => all.map((one) => one.event_id).join("");

function update(extra: Partial<RoomUpdate>): RoomUpdate {
  return { room_id: "!r", initial: false, gap: false, state: [], timeline: [], ...extra };
}

describe("joining what is known and what is new", () => {
  const tests: [string, string, string, boolean, string, boolean][] = [
    ["nothing known", "", "abc", true, "abc", false],
    ["it continues", "abc", "de", false, "abcde", true],
    ["it continues with something known", "abc", "cd", false, "abcd", true],
    ["nothing new", "abc", "", false, "abc", true],
    ["a gap that is bridged", "abcd", "cdef", true, "abcdef", true],
    ["a gap that is not", "abc", "xyz", true, "xyz", false],
    ["more of the past, and the same present", "cd", "abcd", true, "abcd", false],
    ["more of the past, and more of the present", "cd", "bcde", true, "bcde", false],
    ["the same", "abc", "abc", true, "abc", true],
    ["the same, and what came after", "abc", "abcd", true, "abcd", true],
    ["a gap and nothing", "abc", "", true, "", false],
  ];
  test.each(tests)("%s", (_name, known, latest, gap, expected, fromKnown) => {
    const result = joined(events(known), events(latest), gap);
    expect(ids(result.events)).toBe(expected);
    expect(result.fromKnown).toBe(fromKnown);
    // Where nothing is missing, all that was known is still there.
    expect(result.bridged).toBe(known !== "" && [...known].every((one) => expected.includes(one)));
  });
});

describe("the stored timeline", () => {
  test("is bounded, and then says no longer where its past begins", () => {
    const many = Array.from({ length: keptEvents + 5 }, (_, i) => events("a").map((one) => ({ ...one, event_id: `$${i}` }))[0]!);
    const timeline = updateTimeline({ room_id: "!r", events: many.slice(0, 90), before: "p1" }, update({ timeline: many.slice(90) }));
    expect(timeline.events).toHaveLength(keptEvents);
    expect(timeline.events.at(-1)?.event_id).toBe(many.at(-1)!.event_id);
    expect(timeline.before).toBeUndefined();
  });

  test("keeps its own beginning when continued, and takes the new one after a gap", () => {
    const old = { room_id: "!r", events: events("abc"), before: "p1" };
    expect(updateTimeline(old, update({ timeline: events("d"), before: "p9" })).before).toBe("p1");
    expect(updateTimeline(old, update({ timeline: events("xy"), before: "p9", gap: true })).before).toBe("p9");
  });

  test("an update without events changes nothing", () => {
    const old = { room_id: "!r", events: events("abc"), before: "p1" };
    expect(updateTimeline(old, update({ unread: 0 }))).toEqual(old);
  });
});

describe("rooms", () => {
  test("what is absent has not changed, unless all is said anew", () => {
    const old = updateRoom(undefined, update({ initial: true, name: "Ward 7", unread: 3, joined: 12, bump: 5 }), me);
    expect(updateRoom(old, update({ bump: 6 }), me)).toMatchObject({ name: "Ward 7", unread: 3, joined: 12, bump: 6 });
    expect(updateRoom(old, update({ initial: true }), me)).toMatchObject({ name: undefined, unread: 0, joined: 0 });
    expect(updateRoom(old, update({ name: null }), me).name).toBeUndefined();
  });

  test("are named after the others in them when they have no name", () => {
    const heroes = [{ user_id: "@ben:trust", name: "Ben Okafor" }, { user_id: "@carys:trust" }];
    expect(roomName(updateRoom(undefined, update({ heroes }), me))).toBe("Ben Okafor, carys");
    expect(roomName(updateRoom(undefined, update({ heroes: [] }), me))).toBeUndefined();
  });

  test("are left when one's own membership says so", () => {
    const old = updateRoom(undefined, update({ initial: true }), me);
    const own = { ...events("m")[0]!, type: "m.room.member", state_key: me, content: { membership: "leave" } };
    expect(updateRoom(old, update({ state: [own] }), me).membership).toBe("leave");
    expect(updateRoom(old, update({ membership: "ban" }), me).membership).toBe("ban");
    expect(updateRoom(old, update({ membership: "nonsense" }), me).membership).toBe("join");
  });
});

/** Values of every shape, the same ones each time. */
function* anything(seed: number, names: string[]): Generator<unknown> {
  const random = (below: number) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const value = (depth: number): unknown => {
    const plain = [null, true, 0, -1.5, 1e300, "", "text", "$e", undefined];
    if (depth === 0 || random(4) === 0) return plain[random(plain.length)];
    if (random(3) === 0) return Array.from({ length: random(4) }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length: random(6) }, () => [names[random(names.length)]!, value(depth - 1)]));
  };
  for (;;) yield value(6);
}

const namesInSync = ["pos", "lists", "all", "count", "rooms", "!a", "extensions", "receipts", "typing", "content", "m.read", "user_ids", "required_state", "timeline", "invite_state", "heroes", "user_id", "name", "event_id", "type", "sender", "origin_server_ts", "state_key", "unsigned", "m.relations", "m.replace", "m.relates_to", "rel_type", "m.in_reply_to", "m.new_content", "redacted_because", "membership", "initial"];

test("no answer, however malformed, breaks more than itself", () => {
  let [read, rooms, shown] = [0, 0, 0];
  for (const value of anything(7, namesInSync)) {
    const answer = { pos: "1", rooms: { "!a": value, "!b": { timeline: [value, { event_id: "$1", type: "m.room.message", sender: me, origin_server_ts: 1, content: value, unsigned: value }] } }, extensions: value };
    for (const one of readSync(answer).rooms) {
      const timeline = updateTimeline(undefined, one);
      roomName(updateRoom(undefined, one, me));
      shown += fold({ events: timeline.events, pending: [], receipts: [], me, dayOf: () => "day" }).length;
      rooms++;
    }
    if (++read === 5_000) break;
  }
  expect(rooms).toBeGreaterThan(5_000);
  expect(shown).toBeGreaterThan(1_000);
});

describe("reading an answer of sync", () => {
  test("refuses one without a position", () => {
    expect(() => readSync({ rooms: {} })).toThrow("pos");
  });

  test("takes parts of the wrong shape for absent, and malformed events for none", () => {
    const answer = readSync({
      pos: "1",
      lists: { all: { count: "many" } },
      rooms: { "!a": { timeline: [7, { type: "x" }, ...events("e")], heroes: [{}, "x"], notification_count: null }, "!b": [] },
      extensions: { typing: { rooms: { "!a": { content: { user_ids: [1, "@ben:trust"] } } } }, receipts: { rooms: { "!a": { content: { $e: { "m.read": { "@ben:trust": {} } } } } } } },
    });
    expect(answer.count).toBe(0);
    expect(answer.rooms).toHaveLength(1);
    expect(answer.rooms[0]).toMatchObject({ heroes: [], unread: undefined });
    expect(ids(answer.rooms[0]!.timeline)).toBe("e");
    expect(answer.typing).toEqual([{ room_id: "!a", users: ["@ben:trust"] }]);
    expect(answer.receipts).toEqual([{ room_id: "!a", user_id: "@ben:trust", event_id: "$e" }]);
  });

  test("understands the names of the accepted proposal as well", () => {
    const [room] = readSync({ pos: "1", rooms: { "!a": { timeline_events: events("ab"), stripped_state: [], membership: "invite", expanded_timeline: true } } }).rooms;
    expect(room).toMatchObject({ gap: true, membership: "invite", stripped: [] });
    expect(ids(room!.timeline)).toBe("ab");
  });
});

describe("what a person keeps for themselves", () => {
  const data = (extension: unknown) => readSync({ pos: "1", extensions: { account_data: extension } }).data;

  test("is read for all they do and for each room", () => {
    const tag = { type: "m.tag", content: { tags: { "m.favourite": {} } } };
    expect(data({ global: [{ type: "m.direct", content: { "@ben:trust": ["!a"] } }], rooms: { "!a": [tag] } })).toEqual([
      { room_id: undefined, type: "m.direct", content: { "@ben:trust": ["!a"] } },
      { room_id: "!a", ...tag },
    ]);
  });

  test("is nothing where it is malformed", () => {
    expect(data({ global: [7, { type: 1, content: {} }, { type: "m.direct" }], rooms: { "!a": "x" } })).toEqual([]);
    expect(data([])).toEqual([]);
  });

  test("gives a room its tags, all of them anew each time", () => {
    const [update] = readSync({ pos: "1", rooms: { "!a": {} } }).rooms;
    const room = withData(updateRoom(undefined, update!, me), { type: "m.tag", content: { tags: { "m.favourite": {} } } });
    expect(room.tags).toEqual(["m.favourite"]);
    expect(withData(room, { type: "m.tag", content: { tags: "none" } }).tags).toEqual([]);
    expect(withData(room, { type: "m.fully_read", content: {} })).toBe(room);
  });
});

test("a room knows its kind and its purpose, and an invitation why", () => {
  const state = [
    { event_id: "$c", type: "m.room.create", sender: me, origin_server_ts: 1, state_key: "", content: { "org.wardline.kind": "clinical" } },
    { event_id: "$t", type: "m.room.topic", sender: me, origin_server_ts: 1, state_key: "", content: { topic: "Beds" } },
  ];
  const [update] = readSync({ pos: "1", rooms: { "!a": { initial: true, required_state: state } } }).rooms;
  const room = updateRoom(undefined, update!, me);
  expect(room).toMatchObject({ kind: "clinical", purpose: "Beds" });
  const [later] = readSync({ pos: "2", rooms: { "!a": {} } }).rooms;
  expect(updateRoom(room, later!, me)).toMatchObject({ kind: "clinical", purpose: "Beds" });
  const own = { type: "m.room.member", sender: "@ben:trust", state_key: me, content: { membership: "invite", reason: "Cover tonight" } };
  const [invited] = readSync({ pos: "3", rooms: { "!b": { invite_state: [...state, own] } } }).rooms;
  expect(updateRoom(undefined, invited!, me)).toMatchObject({ membership: "invite", kind: "clinical", purpose: "Beds", reason: "Cover tonight" });
});
