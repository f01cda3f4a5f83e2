import { describe, expect, test } from "vitest";
import { distance, excerpt, findByName, highlighted, plainWords } from "./names";

const names = ["Dr Amara Okafor", "Zoë Lund-Bråthen", "Jane Smith", "John Smith", "Ciarán O’Brien", "Ward 7 Surgical", "Łukasz Øster"];
const find = (term: string) => findByName(names, term, plainWords);

describe("names are found", () => {
  test.each<[string, string[]]>([
    ["amara", ["Dr Amara Okafor"]],
    ["OKA am", ["Dr Amara Okafor"]],
    ["zoe brathen", ["Zoë Lund-Bråthen"]],
    ["smith", ["Jane Smith", "John Smith"]],
    ["smitth", ["Jane Smith", "John Smith"]],
    ["simth joh", ["John Smith"]],
    ["obrien", ["Ciarán O’Brien"]],
    ["o'brien", ["Ciarán O’Brien"]],
    ["ward 7", ["Ward 7 Surgical"]],
    ["lukasz oster", ["Łukasz Øster"]],
    ["kafo", ["Dr Amara Okafor"]],
    ["surgcial", ["Ward 7 Surgical"]],
    ["jo", ["John Smith"]],
    ["jxn", []],
    ["", []],
    ["…", []],
  ])("%s", (term, expected) => {
    expect(find(term)).toEqual(expected);
  });

  test("the better answer first", () => {
    expect(findByName(["Annabel", "Ann", "Joann"], "ann", plainWords)).toEqual(["Ann", "Annabel", "Joann"]);
  });
});

test("a distance is counted no further than asked", () => {
  expect(distance("smith", "smyth", 2)).toBe(1);
  expect(distance("simth", "smith", 2)).toBe(1);
  expect(distance("smith", "okafor", 2)).toBe(3);
  expect(distance("smit", "smithson", 1)).toBe(2);
  expect(distance("smit", "smithson", 1, true)).toBe(0);
});

describe("highlights", () => {
  test("every second part is a word that was found", () => {
    expect(highlighted("Bed 15, potassium 3.0. Potassium again", ["potassium"])).toEqual(["Bed 15, ", "potassium", " 3.0. ", "Potassium", " again"]);
  });
  test("accents and endings do not hide a word", () => {
    expect(highlighted("Siân’s beds", ["sian", "bed"])).toEqual(["", "Siân’s", " ", "beds", ""]);
  });
  test("without words there is one part", () => {
    expect(highlighted("<b>bold</b>", [])).toEqual(["<b>bold</b>"]);
  });
});

test("an excerpt shows the word that was found, however far in, and cuts between words", () => {
  const long = `${"one two three ".repeat(30)}potassium ${"four five ".repeat(30)}`;
  const cut = excerpt(long, ["potassium"]);
  expect(cut).toContain("potassium");
  expect(cut.length).toBeLessThan(170);
  expect(cut).toMatch(/^… (one|two|three) .* (four|five) …$/);
  expect(excerpt("short\n\ntext", ["x"])).toBe("short text");
  expect(excerpt("x".repeat(500), []).length).toBeLessThan(170);
});
