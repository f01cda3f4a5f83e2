// What the server puts into a push (internal/matrix/webpush, letter), and what is shown for it. There is no name and no content
// in it: the words are this device's own.

import type { Notes } from "./notes";

export type Letter = { kind: "message"; unread: number; high: boolean } | { kind: "test"; id: string };

/** Reads a push. What cannot be read is a message all the same: the server does not push for nothing. */
export function readLetter(content: string | undefined): Letter {
  const fields = parse(content);
  if (fields.kind === "test") return { kind: "test", id: typeof fields.id === "string" ? fields.id : "" };
  const unread = typeof fields.unread === "number" && fields.unread > 0 ? Math.floor(fields.unread) : 0;
  return { kind: "message", unread, high: fields.high === true };
}

function parse(content: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(content ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What the system is given to show. `renotify` is in the standard, and not in TypeScript's. */
export interface Shown {
  title: string;
  options: NotificationOptions & { renotify?: boolean };
}

/** One notification for all messages: a newer one takes its place, and rings again. */
export function shownFor(letter: Letter, notes: Notes): Shown {
  const common = { icon: "/icons/icon-192.png", badge: "/icons/badge.png", silent: !notes.sound };
  if (letter.kind === "test") return { title: notes.title, options: { ...common, body: notes.test, tag: "test" } };
  return { title: notes.title, options: { ...common, body: notes.message, tag: "message", renotify: true, requireInteraction: letter.high } };
}

/** What the worker tells open pages. */
export type Tidings = { kind: "pushed"; letter: Letter } | { kind: "show list" } | { kind: "subscription changed" };

/** What a page tells the worker. */
export type Order = { kind: "take over" };
