import { expect, test } from "vitest";
import { clockOf, inBars, loudness } from "./loudness";

test("silence is nothing, a full wave the most, and speech lies between", () => {
  expect(loudness(new Uint8Array(64).fill(128))).toBe(0);
  expect(loudness(Uint8Array.from({ length: 64 }, (_, i) => (i % 2 ? 255 : 0)))).toBe(1);
  const speech = loudness(Uint8Array.from({ length: 64 }, (_, i) => 128 + 20 * Math.sin(i)));
  expect(speech).toBeGreaterThan(0.1);
  expect(speech).toBeLessThan(0.5);
  expect(loudness(new Uint8Array())).toBe(0);
});

test("every moment is in a bar, and a bar is as high as its loudest", () => {
  expect(inBars([0.1, 0.2])).toEqual([0.1, 0.2]);
  expect(inBars([0, 1, 0, 0, 0.5], 2)).toEqual([1, 0.5]);
  const long = inBars(Array.from({ length: 1_001 }, (_, i) => i / 1_000));
  expect(long).toHaveLength(60);
  expect(long.at(-1)).toBe(1);
});

test("times as a stopwatch shows them", () => {
  expect([0, 999, 7_000, 61_000, 750_000].map(clockOf)).toEqual(["0:00", "0:00", "0:07", "1:01", "12:30"]);
});
