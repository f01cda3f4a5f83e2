// Which screen the address names, and moving between them. Addresses hold room ids and nothing else about anyone.

import { signal } from "@preact/signals";

export type Route = { screen: "conversations" } | { screen: "conversation"; roomId: string } | { screen: "unknown" };

const conversation = "/conversation/";

export function read(path: string): Route {
  if (path === "/") return { screen: "conversations" };
  if (!path.startsWith(conversation)) return { screen: "unknown" };
  const roomId = decoded(path.slice(conversation.length));
  return roomId ? { screen: "conversation", roomId } : { screen: "unknown" };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export function pathTo(roomId?: string): string {
  return roomId === undefined ? "/" : conversation + encodeURIComponent(roomId);
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
