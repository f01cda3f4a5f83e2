import { expect, test } from "vitest";
import { identifiersIn, isNhsNumber, type Kind } from "./identifiers";

const now = new Date(2026, 10, 22).getTime();

test("the check of NHS numbers", () => {
  // 999 is the range that belongs to nobody.
  for (const good of ["9990000026", "9990000034", "9990000042"]) expect(isNhsNumber(good), good).toBe(true);
  for (const bad of ["9990000027", "9990000062", "1111111111", "0000000000", "999000002", "99900000266", "999 000 0026"]) expect(isNhsNumber(bad), bad).toBe(false);
});

test.each<[string, Kind[]]>([
  ["999 000 0026", ["nhs"]],
  ["NHS no. 999-000-0034, thanks", ["nhs"]],
  ["9990000042", ["nhs"]],
  ["99900000421", []],
  ["potassium 5.9, creatinine 9990000027", []],
  ["DOB 03/04/2025", ["birth"]],
  ["born 2026-01-05", ["birth"]],
  ["12/11/1951", ["birth"]],
  ["12.11.51 in bay 3", ["birth"]],
  ["4 March 1987", ["birth"]],
  ["4th Mar. 1987", ["birth"]],
  ["1949-02-28", ["birth"]],
  ["admitted 19/11/2026", []],
  ["review on 12/12/2026", []],
  ["clinic 12/11/2031", []],
  ["31/02/1980", []],
  ["BP 120/80, 10/10 pain", []],
  ["version 1.12.1951.3", []],
  ["12/11/1851", []],
  ["07700 900123", ["phone"]],
  ["+44 7700 900123", ["phone"]],
  ["+44 (0)20 7946 0958", ["phone"]],
  ["020 7946 0958", ["phone"]],
  ["(0161) 496 0123", ["phone"]],
  ["0161 496 0123", ["phone"]],
  ["bleep 2345", []],
  ["ext. 01234", []],
  ["0800001066 9990000026", ["nhs"]],
  ["", []],
  ["999 000 0026, DOB 1/2/1944, tel 07700900123", ["nhs", "birth", "phone"]],
])("%s", (text, expected) => {
  expect(identifiersIn(text, now)).toEqual(expected);
});

test("a long text costs no more than a moment", () => {
  const hostile = ["1 ", "12/", "0 (", "9-", "4 mar "].map((one) => one.repeat(10_000)).join("");
  expect(identifiersIn(hostile, now)).toEqual([]);
});
