// Quiet hours: when somebody does not want to be disturbed. The server goes by them for pushes (internal/matrix/quiet), this app for
// its own sounds. Pure.

import { text, type Content } from "../matrix/event";

export const hoursType = "org.wardline.quiet_hours";

/** Days as the account data names them, Sunday first, as Date counts. */
export const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Day = (typeof days)[number];

export interface Hours {
  enabled: boolean;
  /** "21:30"; a span that ends no later than it begins ends on the next day. */
  from: string;
  to: string;
  /** Days on which the span begins; none: every day. */
  days: Day[];
  /** Of the IANA database: "Europe/London". */
  zone: string;
}

const clock = /^([01]\d|2[0-3]):[0-5]\d$/;

/** What is kept, with what is usual where nothing is, or nothing that can be understood. */
export function readHours(content: Content | undefined, here: string): Hours {
  const { enabled, from, to, time_zone } = content ?? {};
  const known = Array.isArray(content?.days) ? days.filter((day) => (content.days as unknown[]).includes(day)) : [];
  return {
    enabled: enabled === true,
    from: isClock(from) ? from : "21:00",
    to: isClock(to) ? to : "07:00",
    days: known,
    zone: text(time_zone) ?? here,
  };
}

function isClock(value: unknown): value is string {
  return typeof value === "string" && clock.test(value);
}

export function writeHours({ enabled, from, to, days: on, zone }: Hours): Content {
  return { enabled, from, to, time_zone: zone, ...(on.length > 0 && { days: on }) };
}

/** Whether it is quiet at a time, by the clock of the person's zone. A zone that is not known is never quiet. */
export function isQuiet(hours: Hours, at: number): boolean {
  if (!hours.enabled) return false;
  const now = wall(hours.zone, at);
  if (!now) return false;
  const begins = (day: number) => hours.days.length === 0 || hours.days.includes(days[(day + 7) % 7] ?? "sun");
  if (hours.from < hours.to) return begins(now.day) && hours.from <= now.clock && now.clock < hours.to;
  return (begins(now.day) && hours.from <= now.clock) || (begins(now.day - 1) && now.clock < hours.to);
}

/** Day of the week and time of day in a zone. */
function wall(zone: string, at: number): { day: number; clock: string } | undefined {
  try {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const day = days.findIndex((one) => one === parts.weekday?.toLowerCase());
    return day < 0 ? undefined : { day, clock: `${parts.hour}:${parts.minute}` };
  } catch {
    return undefined;
  }
}
