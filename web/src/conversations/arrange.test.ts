import { describe, expect, test } from "vitest";
import type { Room } from "../matrix/record";
import { arrange, narrowed, returning } from "./arrange";

let bump = 100;
const room = (id: string, more: Partial<Room> = {}): Room => ({ room_id: id, heroes: [], direct: false, membership: "join", bump: bump--, joined: 2, unread: 0, highlights: 0, ...more });
const ids = (rooms: Room[]) => rooms.map((one) => one.room_id).join(" ");
const none = new Set<string>();

describe("the order", () => {
  const rooms = [room("a"), room("b"), room("fav", { tags: ["m.favourite"] }), room("c"), room("fav2", { tags: ["m.favourite"] })];
  test("favourites first, then the most recent", () => {
    expect(ids(arrange(rooms, none).all)).toBe("fav fav2 a b c");
  });
  test("what is being sent makes its conversation the most recent of its kind", () => {
    expect(ids(arrange(rooms, new Set(["c", "fav2"])).all)).toBe("fav2 fav c a b");
  });
});

test("the archived are apart, but an invitation never is; spaces and rooms left are nowhere", () => {
  const rooms = [room("a"), room("old", { tags: ["m.lowpriority"] }), room("asked", { membership: "invite", tags: ["m.lowpriority"] }), room("space", { type: "m.space" }), room("left", { membership: "leave" })];
  const { all, archived } = arrange(rooms, none);
  expect([ids(all), ids(archived)]).toEqual(["a asked", "old"]);
});

test("filters", () => {
  const rooms = [room("ward", { unread: 2 }), room("ben", { direct: true }), room("asked", { membership: "invite" }), room("named", { highlights: 1, direct: true }), room("quiet")];
  expect(ids(narrowed(rooms, "all"))).toBe("ward ben asked named quiet");
  expect(ids(narrowed(rooms, "unread"))).toBe("ward asked named");
  expect(ids(narrowed(rooms, "people"))).toBe("ben named");
  expect(ids(narrowed(rooms, "teams"))).toBe("ward asked quiet");
});

test("what is archived comes back with a message, unless it is muted; a mention brings it back in any case", () => {
  const away = ["m.lowpriority"];
  const rooms = [room("heard", { tags: away, unread: 1 }), room("muted", { tags: away, unread: 1 }), room("named", { tags: away, highlights: 1 }), room("still", { tags: away }), room("open", { unread: 1 })];
  expect(ids(returning(rooms, new Set(["muted", "named"])))).toBe("heard named");
});

test("two thousand conversations are arranged whole", () => {
  const many = Array.from({ length: 2_000 }, (_, at) => room(`!${at}`, { bump: (at * 7919) % 2_000, tags: at % 50 === 0 ? ["m.favourite"] : [] }));
  const { all } = arrange(many, none);
  expect(all).toHaveLength(2_000);
  expect(all.slice(0, 40).every((one) => one.tags?.length === 1)).toBe(true);
  expect(all[40]!.bump).toBeGreaterThan(all[41]!.bump);
});
