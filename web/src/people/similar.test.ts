import { describe, expect, test } from "vitest";
import { lookalikes, similar, sound } from "./similar";

describe("names that may be taken for one another", () => {
  test.each([
    ["Grace Mensah", "Gracie Mensa"],
    ["Dr Tom Hallworth", "Dr Thom Hallwood"],
    ["Grace Mensah", "Grace Mensah"],
    ["Sister Janet Coyle", "Janet Coile"],
    ["Catherine Smith", "Kathryn Smyth"],
    ["Siân Morgan", "Sian Morgan"],
    ["J Smith", "John Smith"],
    ["Smith John", "John Smith"],
    ["Ben Ashdown", "Benjamin Ashdown"],
    ["Steven Philips", "Stephen Phillips"],
    ["Mohammed Khan", "Muhammad Kahn"],
    ["Amara Okafor", "Amara N Okafor"],
  ])("%s and %s", (one, other) => {
    expect(similar(one, other)).toBe(true);
    expect(similar(other, one)).toBe(true);
  });
});

describe("names that are told apart", () => {
  test.each([
    ["Grace Mensah", "Grace Okafor"],
    ["John Smith", "Jane Smith"],
    ["John Smith", "Mary Smith"],
    ["Amara Okafor", "Amara"],
    ["Dr Amara Okafor", "Dr Ben Ashdown"],
    ["Ward 7", "Ward 8"],
    ["Sam Lee", "Kim Lee"],
    ["", "Grace Mensah"],
    ["…", "…!"],
  ])("%s and %s", (one, other) => {
    expect(similar(one, other)).toBe(false);
    expect(similar(other, one)).toBe(false);
  });
});

test("sounds", () => {
  for (const [one, other] of [["phillip", "filip"], ["stephen", "steven"], ["knight", "night"], ["clark", "klarke"]] as const) {
    expect([one, sound(one) === sound(other)]).toEqual([one, true]);
  }
});

test("each person is told of those like them, and of nobody twice", () => {
  const people = ["Grace Mensah", "Ben Ashdown", "Gracie Mensa", "Grace Mensa"].map((name, at) => ({ user_id: `@${at}:trust`, name }));
  const found = lookalikes([...people, people[0]!]);
  expect(found.get("@0:trust")?.map((one) => one.name).slice(0, 2)).toEqual(["Gracie Mensa", "Grace Mensa"]);
  expect(found.get("@1:trust")).toBeUndefined();
});

test("names of every script and none are looked at without harm", () => {
  for (const name of ["李 小龙", "محمد علي", "\u202e\u200b", "<img src=x>", "9 9", "a".repeat(5_000)]) {
    expect(similar(name, name)).toBe(/[\p{L}\p{N}]/u.test(name));
  }
});
