import { expect, test } from "vitest";
import { checkChange, readDevices, type PasswordChange } from "./model";

test("this device comes first, then the others by when they were last used; what is no device is left out", () => {
  const answer = {
    devices: [
      { device_id: "OLD", display_name: "Edge on Windows", last_seen_ts: 1_000 },
      { device_id: "NEW", last_seen_ts: 9_000 },
      { device_id: "HERE", display_name: "Chrome on Android", last_seen_ts: 5 },
      { device_id: "ODD", display_name: 7, last_seen_ts: "yesterday" },
      { display_name: "no id" },
      null,
      "device",
    ],
  };
  expect(readDevices(answer, "HERE")).toEqual([
    { id: "HERE", name: "Chrome on Android", seen: 5, here: true },
    { id: "NEW", name: "", seen: 9_000, here: false },
    { id: "OLD", name: "Edge on Windows", seen: 1_000, here: false },
    { id: "ODD", name: "", seen: 0, here: false },
  ]);
  expect(readDevices({}, "HERE")).toEqual([]);
  expect(readDevices({ devices: "none" }, "HERE")).toEqual([]);
});

test.each([
  ["nothing typed", {}, ["old-password noPassword", "new-password noNewPassword"]],
  ["no new one", { old: "a" }, ["new-password noNewPassword"]],
  ["the same again", { old: "a", new: "a", again: "a" }, ["new-password samePassword"]],
  ["repeated otherwise", { old: "a", new: "b", again: "c" }, ["again-password notAgain"]],
  ["not repeated", { old: "a", new: "b" }, ["again-password notAgain"]],
  ["all well", { old: "a", new: "b", again: "b" }, []],
] as [string, Partial<PasswordChange>, string[]][])("a new password: %s", (_name, typed, wrong) => {
  const change: PasswordChange = { old: "", new: "", again: "", others: true, ...typed };
  expect(checkChange(change).map(({ field, code }) => `${field} ${code}`)).toEqual(wrong);
});
