// Times, days, numbers and lists of names in the language in use. Times are milliseconds since 1970; days are those of the
// reader's own calendar.

import { computed } from "@preact/signals";
import { language, languages } from "./language";
import { words } from "./words";

const formats = computed(() => {
  const { tag } = languages[language.value];
  return {
    clock: new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    date: new Intl.DateTimeFormat(tag, { day: "numeric", month: "numeric", year: "numeric" }),
    number: new Intl.NumberFormat(tag),
    size: new Intl.NumberFormat(tag, { maximumSignificantDigits: 3 }),
  };
});

const namedInFull = 3;

/** Names as a list: at most three of them, and the number of the rest. */
export function people(names: readonly string[]): string {
  if (names.length <= namedInFull) return list(names);
  return list([...names.slice(0, namedInFull - 1), words.others(names.length - namedInFull + 1)]);
}

/** Anything as a list: "bed 4, bed 6 and bed 7". */
export function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts[0] ?? "";
  return words.and(parts.slice(0, -1).join(", "), parts.at(-1) ?? "");
}

/** 1,234. */
export function count(value: number): string {
  return formats.value.number.format(value);
}

/** The size of a file: 340 KB, 1.2 MB. */
export function size(bytes: number): string {
  const units = [words.bytes, "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${formats.value.size.format(bytes / 1000 ** step)} ${units[step]}`;
}

/** The length of something that plays, from seconds: 0:07, 12:30, 1:02:03. */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** The time of a message: 14:05. */
export function clock(at: number): string {
  return formats.value.clock.format(at);
}

/** 15/11/2026. */
export function date(at: number): string {
  return formats.value.date.format(at);
}

/** Day and time in full, for those who ask: Sunday 22 November 2026 at 14:05. */
export function inFull(at: number): string {
  const then = new Date(at);
  return words.dayAt(words.dayAndYear(words.weekday(then.getDay()), then.getDate(), words.month(then.getMonth()), then.getFullYear()), clock(at));
}

/** A conversation's latest time, as short as it can be said. */
export function recent(at: number, now: number): string {
  const ago = daysAgo(at, now);
  if (ago <= 0) return clock(at);
  if (ago === 1) return words.yesterday;
  return ago < 7 ? words.weekdayShort(new Date(at).getDay()) : date(at);
}

/** The separator between days. */
export function day(at: number, now: number): string {
  const ago = daysAgo(at, now);
  if (ago === 0) return words.today;
  if (ago === 1) return words.yesterday;
  const then = new Date(at);
  const parts = [words.weekday(then.getDay()), then.getDate(), words.month(then.getMonth())] as const;
  return then.getFullYear() === new Date(now).getFullYear() ? words.day(...parts) : words.dayAndYear(...parts, then.getFullYear());
}

/** The month of a time, with its year. */
export function monthOf(at: number): string {
  const then = new Date(at);
  return `${words.month(then.getMonth())} ${then.getFullYear()}`;
}

/** A day as the reader's own calendar has it; equal for times on the same day. */
export function dayOf(at: number): string {
  return new Date(at).toDateString();
}

function daysAgo(at: number, now: number): number {
  const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}
