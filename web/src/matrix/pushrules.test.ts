import { describe, expect, test } from "vitest";
import { levelOf, mutedRooms, overridesOf, withLevel, withMuted } from "./pushrules";

const about = (room: string, more: unknown[] = []) => [{ kind: "event_match", key: "room_id", pattern: room }, ...more];
const rules = {
  global: {
    override: [
      { rule_id: ".m.rule.master", enabled: false, actions: [], conditions: [] },
      { rule_id: "x", enabled: true, actions: [], conditions: about("!over") },
      { rule_id: "y", enabled: true, actions: ["notify"], conditions: about("!loud") },
      { rule_id: "z", enabled: true, actions: [], conditions: about("!both", [{ kind: "sender_notification_permission" }]) },
    ],
    room: [
      { rule_id: "!quiet", enabled: true, actions: [] },
      { rule_id: "!old", enabled: true, actions: ["dont_notify"] },
      { rule_id: "!off", enabled: false, actions: [] },
      { rule_id: "!heard", enabled: true, actions: ["notify"] },
    ],
    underride: [{ rule_id: ".m.rule.message", enabled: true, actions: ["notify"] }],
  },
};

test("a room is muted by a rule of its own, or by an override about it alone", () => {
  expect([...mutedRooms(rules)].sort()).toEqual(["!old", "!over", "!quiet"]);
});

describe("after muting", () => {
  test("a room is muted, and the other rules stand", () => {
    const after = withMuted(rules, "!heard", true);
    expect([...mutedRooms(after)].sort()).toEqual(["!heard", "!old", "!over", "!quiet"]);
    expect(after).toMatchObject({ global: { underride: rules.global.underride, override: rules.global.override } });
  });
  test("and heard again, whichever rule it was", () => {
    expect(mutedRooms(withMuted(rules, "!quiet", false)).has("!quiet")).toBe(false);
    expect(overridesOf(rules, "!over")).toEqual(["x"]);
    expect(mutedRooms(withMuted(rules, "!over", false)).has("!over")).toBe(false);
  });
  test("from nothing", () => {
    expect([...mutedRooms(withMuted(undefined, "!a", true))]).toEqual(["!a"]);
  });
});

test.each([[undefined], [{}], [{ global: 7 }], [{ global: { room: "x", override: [1, { actions: 2, conditions: [null] }] } }]])("malformed rules mute nothing: %j", (content) => {
  expect(mutedRooms(content).size).toBe(0);
});

describe("a level for a room", () => {
  test("is read from the rules", () => {
    expect(["!quiet", "!over", "!heard", "!both", "!unknown"].map((id) => levelOf(rules, id))).toEqual(["mentions", "none", "all", "all", "all"]);
  });

  test.each(["all", "mentions", "none"] as const)("%s, whatever it was, and the other rooms' stand", (level) => {
    for (const room of ["!quiet", "!over", "!heard", "!unknown"]) {
      const after = withLevel(rules, room, level);
      expect(levelOf(after, room)).toBe(level);
      for (const other of ["!quiet", "!over", "!loud"].filter((id) => id !== room)) expect(levelOf(after, other)).toBe(levelOf(rules, other));
    }
  });
});
