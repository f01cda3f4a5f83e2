import { describe, expect, test } from "vitest";
import type { MatrixEvent } from "../matrix/event";
import { asKind } from "./kind";
import { gathered, passage } from "./model";
import { groupState, levelOf, mayChange, mayInvite, mayRemove } from "./requests";

const state = (type: string, content: object, sender = "@own:trust"): MatrixEvent => ({ event_id: `$${type}`, type, sender, origin_server_ts: 1, state_key: "", content: { ...content } });
const levels = { users: { "@lead:trust": 50, "@chief:trust": 100 }, state_default: 50, kick: 50, invite: 0, events: { "m.room.power_levels": 100 } };

describe("who may do what", () => {
  const group = groupState([state("m.room.create", { room_version: "12" }), state("m.room.power_levels", levels), state("m.room.join_rules", { join_rule: "public" })]);

  test("the creator may do everything in room version 12, and is the owner until another is named", () => {
    expect(levelOf(group, "@own:trust")).toBe(Infinity);
    expect(group).toMatchObject({ owner: "@own:trust", open: true });
  });
  test("a lead may change the name, but not the powers; a member neither", () => {
    expect(["m.room.name", "m.room.power_levels"].map((type) => mayChange(group, "@lead:trust", type))).toEqual([true, false]);
    expect(mayChange(group, "@member:trust", "m.room.name")).toBe(false);
    expect(mayInvite(group, "@member:trust")).toBe(true);
  });
  test("nobody removes those who have as much power as they", () => {
    expect(mayRemove(group, "@lead:trust", "@member:trust")).toBe(true);
    expect(mayRemove(group, "@lead:trust", "@chief:trust")).toBe(false);
    expect(mayRemove(group, "@lead:trust", "@lead:trust")).toBe(false);
    expect(mayRemove(group, "@chief:trust", "@own:trust")).toBe(false);
    expect(mayRemove(group, "@member:trust", "@other:trust")).toBe(false);
  });
  test("in version 11 the creator has the power that was given, and an owner may be named", () => {
    const older = groupState([state("m.room.create", { room_version: "11" }), state("m.room.power_levels", levels), state("org.wardline.owner", { user_id: "@lead:trust" })]);
    expect([levelOf(older, "@own:trust"), older.owner, older.open]).toEqual([0, "@lead:trust", false]);
  });
  test("of nothing, nothing is known", () => {
    expect(groupState([])).toEqual({ creators: [], levels: {}, owner: undefined, open: false });
    expect(mayChange(groupState([state("m.room.power_levels", { users: 7, state_default: "x" })]), "@a:trust", "m.room.name")).toBe(false);
  });
});

describe("who came and went", () => {
  let next = 0;
  const member = (membership: string, sender: string, was?: string, more: object = {}): MatrixEvent => ({ event_id: `$${next++}`, type: "m.room.member", sender, origin_server_ts: 1, state_key: "@ben:trust", content: { membership, ...more }, unsigned: was === undefined ? {} : { prev_content: { membership: was } } });
  const ben = "@ben:trust";

  test.each<[string, MatrixEvent, string | undefined]>([
    ["joined", member("join", ben, "invite"), undefined],
    ["invited", member("invite", "@asha:trust"), "@asha:trust"],
    ["declined", member("leave", ben, "invite"), undefined],
    ["left", member("leave", ben, "join"), undefined],
    ["removed", member("leave", "@asha:trust", "join"), "@asha:trust"],
    ["taken back", member("leave", "@asha:trust", "invite"), "@asha:trust"],
    ["barred", member("ban", "@asha:trust", "join"), "@asha:trust"],
  ])("%s", (what, event, by) => {
    expect(passage(event)).toEqual([{ event_id: event.event_id, at: 1, what, who: ben, ...(by ? { by } : {}) }]);
  });

  test("a new name is no coming and going, and a reason is kept", () => {
    expect(passage(member("join", ben, "join"))).toEqual([]);
    expect(passage(member("knock", ben))).toEqual([]);
    expect(passage(member("leave", "@asha:trust", "join", { reason: "Moved ward" }))[0]?.reason).toBe("Moved ward");
  });

  test("many invited at once are told as one", () => {
    const many = ["a", "b", "c"].map((who, at) => ({ event_id: `$${who}`, at: at * 1_000, what: "invited" as const, who, by: "@asha:trust" }));
    const told = gathered([...many, { ...many[0]!, by: "@cal:trust" }, { ...many[0]!, by: "@cal:trust", at: 9_999_999 }]);
    expect(told.map((one) => one.whom)).toEqual([["a", "b", "c"], ["a"], ["a"]]);
  });
});

test("a kind that is not known is none", () => {
  expect([asKind("clinical"), asKind("secret"), asKind(undefined)]).toEqual(["clinical", undefined, undefined]);
});
