import { expect, test } from "vitest";
import { Alarm, pause } from "./backoff";

test("waits longer each time, up to a bound, spread either way", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((attempt) => pause(attempt, undefined, () => 0.5))).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(pause(1, undefined, () => 0)).toBe(800);
  expect(pause(1, undefined, () => 1)).toBe(1_200);
});

test("never sooner than the server asked", () => {
  expect(pause(1, 5_000)).toBe(5_000);
  expect(pause(6, 5_000, () => 0)).toBe(24_000);
});

test("a sleep ends by waking, by the signal, or at once when that was given before", async () => {
  const alarm = new Alarm();
  const never = 1e9;
  const woken = alarm.sleep(never, new AbortController().signal);
  alarm.wake();
  await woken;
  const stop = new AbortController();
  const stopped = alarm.sleep(never, stop.signal);
  stop.abort();
  await stopped;
  await alarm.sleep(never, stop.signal);
});
