// Which screen the address names, and moving between them. Addresses hold room ids, event ids and nothing else about anyone.

import { signal } from "@preact/signals";

export type Route =
  | { screen: "conversations" }
  /** One conversation, at an event of it when the address names one. */
  | { screen: "conversation"; roomId: string; eventId?: string }
  /** Who is in a conversation and what it is for. */
  | { screen: "about"; roomId: string }
  /** Whom to write to; then the first message to somebody, whom the address does not name. */
  | { screen: "new" }
  | { screen: "first message" }
  | { screen: "new group" }
  /** Groups that anyone may join. */
  | { screen: "groups" }
  /** The settings: their list, or one page of it. */
  | { screen: "settings"; page?: string }
  /** Every part of the app in every state; in a demonstration. */
  | { screen: "style page" }
  | { screen: "unknown" };

const conversation = "/conversation/";
const about = "about";
const settings = "/settings";

/** The addresses of screens that are about nobody in particular. */
export const paths = { start: "/new", firstMessage: "/new/message", newGroup: "/new/group", groups: "/groups" } as const;

const plain: Record<string, Route> = {
  "/": { screen: "conversations" },
  [paths.start]: { screen: "new" },
  [paths.firstMessage]: { screen: "first message" },
  [paths.newGroup]: { screen: "new group" },
  [paths.groups]: { screen: "groups" },
  "/styleguide": { screen: "style page" },
};

export function read(path: string): Route {
  const found = plain[path];
  if (found) return found;
  if (path === settings || path.startsWith(`${settings}/`)) return { screen: "settings", page: path.slice(settings.length + 1) || undefined };
  if (!path.startsWith(conversation)) return { screen: "unknown" };
  const [roomId, part, ...more] = path.slice(conversation.length).split("/").map(decoded);
  if (!roomId || more.length > 0) return { screen: "unknown" };
  if (!part) return { screen: "conversation", roomId };
  if (part === about) return { screen: "about", roomId };
  // Event ids begin so in every room version (appendices, "Event IDs").
  return part.startsWith("$") ? { screen: "conversation", roomId, eventId: part } : { screen: "unknown" };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export function pathTo(roomId?: string, eventId?: string): string {
  if (roomId === undefined) return "/";
  const room = conversation + encodeURIComponent(roomId);
  return eventId === undefined ? room : `${room}/${encodeURIComponent(eventId)}`;
}

export function pathToSettings(page?: string): string {
  return page === undefined ? settings : `${settings}/${page}`;
}

export function pathToAbout(roomId: string): string {
  return `${pathTo(roomId)}/${about}`;
}

export const route = signal<Route>(read(location.pathname));

addEventListener("popstate", () => {
  route.value = read(location.pathname);
});

/** Goes to a screen as a link would; `replace` leaves no way back to the one before. */
export function go(path: string, replace = false): void {
  if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
  route.value = read(path);
}

/** Whether a click on a link means "go there, here", rather than opening another tab. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
