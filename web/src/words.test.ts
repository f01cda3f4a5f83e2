import { describe, expect, test } from "vitest";
import { words } from "./words";

const now = new Date(2026, 10, 22, 9, 30).getTime();
const at = (day: number, hour = 8, month = 10, year = 2026) => new Date(year, month, day, hour, 5).getTime();

describe("times", () => {
  const tests: [string, number, string, string][] = [
    ["this morning", at(22), "08:05", "Today"],
    ["last night, ten hours ago", at(21, 23), "Yesterday", "Yesterday"],
    ["two days ago", at(20), "Fri", "Friday 20 November"],
    ["six days ago", at(16), "Mon", "Monday 16 November"],
    ["a week ago", at(15), "15/11/2026", "Sunday 15 November"],
    ["last year", at(31, 8, 11, 2025), "31/12/2025", "Wednesday 31 December 2025"],
  ];
  test.each(tests)("%s", (_name, time, recent, day) => {
    expect(words.recent(time, now)).toBe(recent);
    // Some versions of the language data put a comma after the weekday.
    expect(words.day(time, now).replace(",", "")).toBe(day);
  });

  test("a server's clock that is ahead is still today", () => {
    expect(words.recent(now + 60_000, now)).toBe("09:31");
  });
});

test("people are named while they are few, and counted when they are many", () => {
  expect(words.notice.join(["Asha"])).toBe("Asha joined");
  expect(words.notice.join(["Asha", "Ben", "Carys"])).toBe("Asha, Ben and Carys joined");
  expect(words.notice.join(["Asha", "Ben", "Carys", "Dmitri"])).toBe("Asha, Ben and 2 others joined");
  expect(words.room.typing(["Asha"])).toBe("Asha is typing…");
  expect(words.room.typing(["Asha", "Ben"])).toBe("Asha and Ben are typing…");
});

test("one is not many", () => {
  expect([words.conversations.unread(1), words.conversations.unread(2)]).toEqual(["1 unread message", "2 unread messages"]);
  expect([words.conversations.badge(99), words.conversations.badge(100)]).toEqual(["99", "99+"]);
});
