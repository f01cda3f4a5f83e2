// The app's own files, kept in this browser so that the app starts without a network: each version in a cache of its own, put
// there whole or not at all. Nothing that anyone wrote is ever in here: answers of the server's API and media pass by.

/** What the build says the app consists of: each file's address and its SHA-256 in base64. */
export interface Shell {
  version: string;
  files: readonly (readonly [path: string, digest: string])[];
}

const prefix = "wardline-shell-";
const page = "/index.html";

function nameOf(shell: Shell): string {
  return prefix + shell.version;
}

/** Fetches every file. One that is not what the build made (another version is being rolled out) fails the whole. */
export async function install(shell: Shell): Promise<void> {
  const cache = await caches.open(nameOf(shell));
  const requests = shell.files.map(([path, digest]) => new Request(path, { integrity: `sha256-${digest}`, cache: isHashed(path) ? "default" : "no-cache", credentials: "omit" }));
  try {
    await cache.addAll(requests);
  } catch (error) {
    await caches.delete(nameOf(shell));
    throw error;
  }
}

/** Deletes all versions but this and the one before it: a window that is still open on that one loads parts of it later. */
export async function tidy(shell: Shell): Promise<void> {
  const versions = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== nameOf(shell));
  await Promise.all(versions.slice(0, -1).map((name) => caches.delete(name)));
}

/** How a request is answered: the page of the app, one of its files, or not by the worker at all. */
export type Part = "page" | "file" | "none";

export function partOf(shell: Shell, request: { method: string; mode: string; url: string }, origin: string): Part {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== origin) return "none";
  if (isHashed(url.pathname) || shell.files.some(([path]) => path === url.pathname)) return request.mode === "navigate" && url.pathname !== page ? "none" : "file";
  return request.mode === "navigate" && isScreen(url.pathname) ? "page" : "none";
}

/** The server's own rule (web/http.go): an address of the API or of a file is no screen. */
function isScreen(path: string): boolean {
  const parts = path.split("/").filter((part) => part !== "");
  const [first = ""] = parts;
  if (first.startsWith("_") || first.startsWith(".") || first === "assets") return false;
  return parts.length > 1 || !/\.[^.]+$/.test(first);
}

function isHashed(path: string): boolean {
  return path.startsWith("/assets/");
}

/** The page of the app, for every address that is a screen. */
export async function pageFor(shell: Shell, request: Request): Promise<Response> {
  const cache = await caches.open(nameOf(shell));
  return (await cache.match(page)) ?? (await fetch(request));
}

/** A file of this version, or of the one before; one that is not kept yet is kept from now on, if its name says what is in it. */
export async function fileFor(shell: Shell, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const cache = await caches.open(nameOf(shell));
  const kept = (await cache.match(pathname)) ?? (isHashed(pathname) ? await older(pathname) : undefined);
  if (kept) return kept;
  const response = await fetch(request);
  // A full disk is no reason not to answer.
  if (isHashed(pathname) && response.ok) await cache.put(pathname, response.clone()).catch(() => undefined);
  return response;
}

async function older(path: string): Promise<Response | undefined> {
  for (const name of await caches.keys()) {
    if (!name.startsWith(prefix)) continue;
    const found = await (await caches.open(name)).match(path);
    if (found) return found;
  }
  return undefined;
}
