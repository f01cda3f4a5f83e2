import { afterEach, describe, expect, test } from "vitest";
import { firstSpoken, speak } from "./language";
import { clock, count, day, inFull, length, list, people, recent, size } from "./times";

afterEach(() => speak("en"));

const now = new Date(2026, 10, 22, 9, 30).getTime();
const at = (day: number, hour = 8, month = 10, year = 2026) => new Date(year, month, day, hour, 5).getTime();

const days: [string, number, [string, string], [string, string]][] = [
  ["this morning", at(22), ["08:05", "Today"], ["08:05", "Heddiw"]],
  ["last night, ten hours ago", at(21, 23), ["Yesterday", "Yesterday"], ["Ddoe", "Ddoe"]],
  ["two days ago", at(20), ["Fri", "Friday 20 November"], ["Gwe", "Dydd Gwener 20 Tachwedd"]],
  ["six days ago", at(16), ["Mon", "Monday 16 November"], ["Llun", "Dydd Llun 16 Tachwedd"]],
  ["a week ago", at(15), ["15/11/2026", "Sunday 15 November"], ["15/11/2026", "Dydd Sul 15 Tachwedd"]],
  ["last year", at(31, 8, 11, 2025), ["31/12/2025", "Wednesday 31 December 2025"], ["31/12/2025", "Dydd Mercher 31 Rhagfyr 2025"]],
];

describe("days", () => {
  test.each(days)("%s", async (_name, time, english, welsh) => {
    expect([recent(time, now), day(time, now)]).toEqual(english);
    await speak("cy");
    expect([recent(time, now), day(time, now)]).toEqual(welsh);
  });

  test("a server's clock that is ahead is still today", () => {
    expect(recent(now + 60_000, now)).toBe("09:31");
  });

  test("midnight is 00, and the full form names everything", async () => {
    const midnight = new Date(2026, 10, 22, 0, 5).getTime();
    expect(clock(midnight)).toBe("00:05");
    expect(inFull(midnight)).toBe("Sunday 22 November 2026 at 00:05");
    await speak("cy");
    expect(inFull(midnight)).toBe("Dydd Sul 22 Tachwedd 2026 am 00:05");
  });
});

test("people are named while they are few, and counted when they are many", async () => {
  const four = ["Asha", "Ben", "Carys", "Dmitri"];
  expect(people([])).toBe("");
  expect(people(["Asha"])).toBe("Asha");
  expect(people(four.slice(0, 3))).toBe("Asha, Ben and Carys");
  expect(people(four)).toBe("Asha, Ben and 2 others");
  await speak("cy");
  expect(list(["Ben", "Asha"])).toBe("Ben ac Asha");
  expect(people(four)).toBe("Asha, Ben a 2 arall");
});

test("numbers, sizes and lengths", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect([0, 999, 1_000, 340_000, 1_234_567, 5e9, 5e13].map(size)).toEqual(["0 bytes", "999 bytes", "1 KB", "340 KB", "1.23 MB", "5 GB", "50,000 GB"]);
  expect([-1, 0, 7.4, 59.6, 750, 3723].map(length)).toEqual(["0:00", "0:00", "0:07", "1:00", "12:30", "1:02:03"]);
});

test("the reader's own list of languages decides, and English where it has none that is spoken", () => {
  expect(firstSpoken(["cy-GB", "en"])).toBe("cy");
  expect(firstSpoken(["fr", "EN-us", "cy"])).toBe("en");
  expect(firstSpoken(["pl", "toString"])).toBe("en");
  expect(firstSpoken([])).toBe("en");
});
