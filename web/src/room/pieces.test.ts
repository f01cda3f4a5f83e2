import { expect, test } from "vitest";
import { pieces } from "./pieces";

const told = (text: string, names: string[] = []) => pieces(text, names).map((one) => (one.kind === "text" ? one.text : `<${one.kind}:${one.text}>`)).join("");

test.each([
  ["see https://a.example/b?c=d.", [], "see <link:https://a.example/b?c=d>."],
  ["(https://a.example/x)", [], "(<link:https://a.example/x>)"],
  ["javascript:alert(1)", [], "javascript:alert(1)"],
  ["Ben Okafor, can you?", ["Ben Okafor"], "<name:Ben Okafor>, can you?"],
  ["@Ben and Benjamin", ["Ben"], "<name:@Ben> and Benjamin"],
  ["Dr A. (locum) is here", ["Dr A. (locum)"], "<name:Dr A. (locum)> is here"],
  ["nobody", [""], "nobody"],
  ["a-b and Ana-Maria", ["Ana-Maria", "Ana"], "a-b and <name:Ana-Maria>"],
])("%s", (text, names, expected) => {
  expect(told(text, names)).toBe(expected);
});
