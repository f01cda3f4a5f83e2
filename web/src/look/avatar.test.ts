import { expect, test } from "vitest";
import { initials } from "./avatar";

test.each([
  ["Asha Patel", "AP"],
  ["Ward 7", "W7"],
  ["Ben", "B"],
  ["Siân Gwenllian ap Rhys", "SR"],
  ["Theatre 3 (list)", "TL"],
  ["✅ Done", "D"],
  ["Åsa Öberg", "ÅÖ"],
  ["…", ""],
  ["", ""],
])("initials of %s", (name, expected) => {
  expect(initials(name)).toBe(expected);
});
