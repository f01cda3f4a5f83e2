import { describe, expect, test } from "vitest";
import { marks, parse, usual, type Device, type Preferences } from "./preferences";

describe("what was kept", () => {
  test.each([
    ["nothing", null, usual],
    ["not JSON", "{", usual],
    ["JSON of another kind", "7", usual],
    ["nobody's values", '{"theme":"pink","textSize":1000,"motion":true,"language":"toString"}', usual],
    ["a choice beside nonsense", '{"theme":"dark","textSize":"150"}', { ...usual, theme: "dark" }],
    ["every choice", '{"theme":"contrast-dark","textSize":125,"motion":"less","language":"cy"}', { theme: "contrast-dark", textSize: 125, motion: "less", language: "cy" }],
  ] as [string, string | null, Preferences][])("%s", (_name, kept, expected) => {
    expect(parse(kept)).toEqual(expected);
    expect(parse(JSON.stringify(expected))).toEqual(expected);
  });
});

const plain: Device = { dark: false, contrast: false, still: false };
const everything: Device = { dark: true, contrast: true, still: true };

describe("what stands on the page", () => {
  test.each([
    ["as the device says, plain", usual, plain, { theme: "light" }],
    ["as the device says, everything", usual, everything, { theme: "dark", contrast: "more", motion: "less" }],
    ["light although the device is dark", { ...usual, theme: "light" }, everything, { theme: "light", motion: "less" }],
    ["dark although the device is light", { ...usual, theme: "dark" }, plain, { theme: "dark" }],
    ["high contrast, light", { ...usual, theme: "contrast-light" }, everything, { theme: "light", contrast: "more", motion: "less" }],
    ["high contrast, dark", { ...usual, theme: "contrast-dark" }, plain, { theme: "dark", contrast: "more" }],
    ["still by choice", { ...usual, motion: "less" }, plain, { theme: "light", motion: "less" }],
  ] as [string, Preferences, Device, object][])("%s", (_name, chosen, device, expected) => {
    expect(marks(chosen, device)).toEqual(expected);
  });
});
