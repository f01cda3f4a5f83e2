import { expect, test } from "vitest";
import { Geometry } from "./geometry";

function laid(heights: number[]): Geometry {
  const geometry = new Geometry();
  geometry.set(heights.map((_, at) => `k${at}`), heights);
  return geometry;
}

test("guesses stand until a height is measured, and what follows moves then", () => {
  const geometry = laid([10, 20, 30]);
  expect([geometry.top(0), geometry.top(1), geometry.top(2), geometry.total]).toEqual([0, 10, 30, 60]);
  expect(geometry.measure([["k1", 50]])).toBe(true);
  expect([geometry.top(2), geometry.total]).toEqual([60, 90]);
  expect(geometry.measure([["k1", 50.2], ["not there", 7]])).toBe(false);
});

test.each([
  [-5, 0],
  [0, 0],
  [9, 0],
  [10, 1],
  [29, 1],
  [30, 2],
  [1_000, 2],
])("at height %d is item %d", (y, item) => {
  expect(laid([10, 20, 30]).at(y)).toBe(item);
});

test("what lies between two heights, in part or whole", () => {
  const geometry = laid(Array.from({ length: 1_000 }, () => 10));
  expect(geometry.between(95, 125)).toEqual({ from: 9, to: 13 });
  expect(geometry.between(-100, 5)).toEqual({ from: 0, to: 1 });
  expect(laid([]).between(0, 100)).toEqual({ from: 0, to: 0 });
});

test("heights are known by key: history added above takes nothing away from what was measured", () => {
  const geometry = laid([10, 20]);
  geometry.measure([["k0", 15], ["k1", 25]]);
  geometry.set(["older", "k0", "k1"], [40, 10, 20]);
  expect(geometry.top(geometry.place("k1") ?? -1)).toBe(55);
  expect(geometry.total).toBe(80);
  geometry.forget();
  expect(geometry.total).toBe(70);
});
