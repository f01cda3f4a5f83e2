// The parts of the service worker, without one: caches is a small stand-in for the browser's, which Node has none of.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readLetter, shownFor } from "./letter";
import { forgetNotes, readNotes, writeNotes } from "./notes";
import { fileFor, install, pageFor, partOf, tidy, type Shell } from "./shell";

class Caches {
  readonly all = new Map<string, Map<string, Response>>();

  async open(name: string) {
    const cache = this.all.get(name) ?? new Map<string, Response>();
    this.all.set(name, cache);
    return {
      match: async (path: string) => cache.get(path)?.clone(),
      put: async (path: string, response: Response) => void cache.set(path, response),
      addAll: async (requests: Request[]) => {
        const responses = await Promise.all(requests.map((request) => fetch(request)));
        if (responses.some((response) => !response.ok)) throw new TypeError("a file could not be fetched");
        requests.forEach((request, at) => cache.set(new URL(request.url).pathname, responses[at]!));
      },
    };
  }

  async keys() {
    return [...this.all.keys()];
  }

  async delete(name: string) {
    return this.all.delete(name);
  }
}

const origin = "https://chat.northbrook.example";
const shell = (version: string): Shell => ({ version, files: [["/index.html", "aaa"], ["/assets/main-1.js", "bbb"], ["/icon.svg", "ccc"]] });
const get = (path: string, mode = "cors") => ({ method: "GET", mode, url: origin + path });

let caches: Caches;
let fetched: Request[];
let down: RegExp | undefined;

beforeEach(() => {
  caches = new Caches();
  fetched = [];
  down = undefined;
  vi.stubGlobal("caches", caches);
  const Real = Request;
  vi.stubGlobal("Request", class extends Real {
    constructor(path: string, init?: RequestInit) {
      super(new URL(path, origin), init);
    }
  });
  vi.stubGlobal("fetch", async (request: Request) => {
    fetched.push(request);
    if (down?.test(request.url)) throw new TypeError("no network");
    return new Response(`from the network: ${new URL(request.url).pathname}`);
  });
});

afterEach(() => vi.unstubAllGlobals());

describe("the app's files", () => {
  test("are fetched whole, each held to its hash, the page past every other cache", async () => {
    await install(shell("1"));
    expect(fetched.map((request) => [new URL(request.url).pathname, request.integrity, request.cache])).toEqual([
      ["/index.html", "sha256-aaa", "no-cache"],
      ["/assets/main-1.js", "sha256-bbb", "default"],
      ["/icon.svg", "sha256-ccc", "no-cache"],
    ]);
  });

  test("or not at all", async () => {
    down = /main-1/;
    await expect(install(shell("1"))).rejects.toThrow();
    expect(await caches.keys()).toEqual([]);
  });

  test("start the app without a network", async () => {
    await install(shell("1"));
    down = /./;
    expect(await (await pageFor(shell("1"), new Request("/conversation/!a"))).text()).toBe("from the network: /index.html");
    expect(await (await fileFor(shell("1"), new Request("/assets/main-1.js"))).text()).toBe("from the network: /assets/main-1.js");
  });

  test("of the version before stay for its windows, older ones go, and nothing else is touched", async () => {
    for (const version of ["1", "2", "3"]) await install(shell(version));
    await writeNotes({ title: "T", message: "M", test: "P", sound: true });
    await tidy(shell("3"));
    expect(await caches.keys()).toEqual(["wardline-shell-2", "wardline-shell-3", "wardline-notes"]);
    caches.all.get("wardline-shell-2")?.set("/assets/old-9.js", new Response("old"));
    down = /./;
    expect(await (await fileFor(shell("3"), new Request("/assets/old-9.js"))).text()).toBe("old");
  });

  test("that were too heavy to fetch before they were needed are kept from then on; a failure is not", async () => {
    await fileFor(shell("1"), new Request("/assets/heavy-1.js"));
    down = /./;
    expect((await fileFor(shell("1"), new Request("/assets/heavy-1.js"))).ok).toBe(true);
    await expect(fileFor(shell("1"), new Request("/assets/heavy-2.js"))).rejects.toThrow();
  });
});

test.each<[string, { method: string; mode: string; url: string }, string]>([
  ["the list", get("/", "navigate"), "page"],
  ["a conversation", get("/conversation/!a.b:c.example", "navigate"), "page"],
  ["a screen that is not there", get("/nowhere", "navigate"), "page"],
  ["a file", get("/assets/main-1.js"), "file"],
  ["a file of another version", get("/assets/main-2.js"), "file"],
  ["the icon", get("/icon.svg"), "file"],
  ["the icon in a tab", get("/icon.svg", "navigate"), "none"],
  ["the licences in a tab", get("/licences.txt", "navigate"), "none"],
  ["sync", { ...get("/_matrix/client/v3/sync"), method: "POST" }, "none"],
  ["history", get("/_matrix/client/v3/rooms/!a/messages"), "none"],
  ["a picture", get("/_matrix/client/v1/media/download/x/y"), "none"],
  ["the server in a tab", get("/_wardline/health", "navigate"), "none"],
  ["the well-known address", get("/.well-known/matrix/client"), "none"],
  ["a form", { ...get("/", "navigate"), method: "POST" }, "none"],
  ["another origin", { ...get("/"), url: "https://elsewhere.example/assets/main-1.js" }, "none"],
])("%s", (_name, request, part) => {
  expect(partOf(shell("1"), request, origin)).toBe(part);
});

describe("a push", () => {
  test("is read as the server writes it", () => {
    expect(readLetter('{"kind":"message","unread":3}')).toEqual({ kind: "message", unread: 3, high: false });
    expect(readLetter('{"kind":"message","unread":1,"high":true}')).toEqual({ kind: "message", unread: 1, high: true });
    expect(readLetter('{"kind":"test","id":"n1"}')).toEqual({ kind: "test", id: "n1" });
  });

  test.each([undefined, "", "null", "[1]", "{", '{"kind":"later","unread":-1}', '{"unread":"many"}'])("that cannot be read is a message all the same: %s", (content) => {
    expect(readLetter(content)).toEqual({ kind: "message", unread: 0, high: false });
  });

  test("shows this device's words; messages take one another's place and ring again", () => {
    const notes = { title: "Wardline", message: "Neges newydd", test: "Prawf", sound: false };
    const { title, options } = shownFor({ kind: "message", unread: 3, high: true }, notes);
    expect([title, options.body, options.tag, options.renotify, options.silent, options.requireInteraction]).toEqual(["Wardline", "Neges newydd", "message", true, true, true]);
    expect(shownFor({ kind: "test", id: "n1" }, { ...notes, sound: true }).options).toMatchObject({ body: "Prawf", tag: "test", silent: false });
  });
});

test("notes are remembered until they are forgotten", async () => {
  expect(await readNotes()).toBeUndefined();
  await writeNotes({ title: "T", message: "M", test: "P", sound: false });
  expect(await readNotes()).toEqual({ title: "T", message: "M", test: "P", sound: false });
  caches.all.get("wardline-notes")?.set("/notes", new Response("not JSON"));
  expect(await readNotes()).toBeUndefined();
  await forgetNotes();
  expect(await caches.keys()).toEqual([]);
});
