import { describe, expect, test } from "vitest";
import type { Room } from "../matrix/record";
import { directWith, withDirect } from "./direct";
import { post, readPeople, readPerson } from "./person";

const ben = "@ben:trust";
const room = (room_id: string, more: Partial<Room> = {}): Room => ({ room_id, heroes: [{ user_id: ben }], direct: true, membership: "join", bump: 1, joined: 2, unread: 0, highlights: 0, ...more });

describe("the conversation with one person", () => {
  test("is the one that m.direct names, whatever the server calls it", () => {
    expect(directWith([room("!a", { direct: false })], { [ben]: ["!a"] }, ben)?.room_id).toBe("!a");
  });
  test("or one that is direct and has them alone in it", () => {
    expect(directWith([room("!a")], undefined, ben)?.room_id).toBe("!a");
    expect(directWith([room("!a", { heroes: [{ user_id: ben }, { user_id: "@cal:trust" }] })], undefined, ben)).toBeUndefined();
  });
  test("the most recent of several; one joined before an invitation", () => {
    const rooms = [room("!old", { bump: 1 }), room("!new", { bump: 5 }), room("!asked", { bump: 9, membership: "invite", inviter: { user_id: ben } })];
    expect(directWith(rooms, undefined, ben)?.room_id).toBe("!new");
    expect(directWith(rooms.slice(2), undefined, ben)?.room_id).toBe("!asked");
  });
  test("is none that was left, nor one with somebody else, nor somebody else's invitation", () => {
    const rooms = [room("!left", { membership: "leave" }), room("!cal", { heroes: [{ user_id: "@cal:trust" }] }), room("!asked", { membership: "invite", inviter: { user_id: "@cal:trust" } })];
    expect(directWith(rooms, { [ben]: ["!left"] }, ben)).toBeUndefined();
  });
  test.each([[{ [ben]: "!a" }], [{ [ben]: [1, null] }], [{}]])("a malformed list names none: %j", (data) => {
    expect(directWith([room("!a", { direct: false })], data, ben)).toBeUndefined();
  });
});

test("the list keeps what it has, each conversation once", () => {
  expect(withDirect({ "@cal:trust": ["!c"], [ben]: ["!a"] }, ben, "!b")).toEqual({ "@cal:trust": ["!c"], [ben]: ["!a", "!b"] });
  expect(withDirect({ [ben]: ["!a"] }, ben, "!a")).toEqual({ [ben]: ["!a"] });
  expect(withDirect(undefined, ben, "!a")).toEqual({ [ben]: ["!a"] });
});

test("people are read from the directory and from profiles, and nothing else is believed", () => {
  expect(readPeople([{ user_id: ben, display_name: "Ben", "org.wardline.job": "Porter", "org.wardline.ward": 7 }, { user_id: 1 }, null])).toEqual([{ user_id: ben, name: "Ben", job: "Porter", ward: undefined }]);
  expect(readPeople("x")).toEqual([]);
  const person = readPerson(ben, { displayname: "", "org.wardline.job": "Porter", "org.wardline.ward": "Portering" });
  expect([person.name, post(person), post({})]).toEqual(["ben", "Porter · Portering", ""]);
});
