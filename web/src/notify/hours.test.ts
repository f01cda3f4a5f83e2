import { expect, test } from "vitest";
import { isQuiet, readHours, writeHours, type Hours } from "./hours";

const night: Hours = { enabled: true, from: "21:30", to: "07:00", days: [], zone: "Europe/London" };
const wednesdays: Hours = { ...night, from: "21:00", days: ["wed"], zone: "UTC" };

// The same cases as the server's (internal/matrix/quiet): both must agree.
test.each<[string, Hours, string, boolean]>([
  ["before it begins", night, "2026-01-14T21:29:59Z", false],
  ["as it begins", night, "2026-01-14T21:30:00Z", true],
  ["after midnight", night, "2026-01-15T03:00:00Z", true],
  ["at midnight", night, "2026-01-15T00:00:00Z", true],
  ["as it ends", night, "2026-01-15T07:00:00Z", false],
  ["summer time: an hour ahead of UTC", night, "2026-07-14T20:30:00Z", true],
  ["summer time, morning", night, "2026-07-15T06:00:00Z", false],
  ["another zone", { ...night, zone: "Asia/Kolkata" }, "2026-01-14T16:00:00Z", true],
  ["within a day", { ...night, from: "09:00", to: "17:00", zone: "UTC" }, "2026-01-14T12:00:00Z", true],
  ["within a day, the evening", { ...night, from: "09:00", to: "17:00", zone: "UTC" }, "2026-01-14T20:00:00Z", false],
  ["equal: all day", { ...night, from: "09:00", to: "09:00", zone: "UTC" }, "2026-01-14T08:59:00Z", true],
  ["begins on a Wednesday", wednesdays, "2026-01-14T22:00:00Z", true],
  ["and goes on on Thursday", wednesdays, "2026-01-15T06:00:00Z", true],
  ["but does not begin on Thursday", wednesdays, "2026-01-15T22:00:00Z", false],
  ["nor went on from Tuesday", wednesdays, "2026-01-14T06:00:00Z", false],
  ["switched off", { ...night, enabled: false }, "2026-01-15T03:00:00Z", false],
  ["in no zone that is known", { ...night, zone: "Nowhere/Land" }, "2026-01-15T03:00:00Z", false],
])("%s", (_name, hours, at, quiet) => {
  expect(isQuiet(hours, Date.parse(at))).toBe(quiet);
});

test("what is kept is read back, and what cannot be understood is as usual", () => {
  expect(readHours(writeHours(wednesdays), "Europe/London")).toEqual(wednesdays);
  expect(writeHours(night)).toEqual({ enabled: true, from: "21:30", to: "07:00", time_zone: "Europe/London" });
  const usual = { enabled: false, from: "21:00", to: "07:00", days: [], zone: "Europe/London" };
  for (const content of [undefined, {}, { enabled: "yes", from: "25:00", to: 7, days: ["noday"], time_zone: 1 }]) expect(readHours(content, "Europe/London")).toEqual(usual);
});
