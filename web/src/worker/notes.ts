// What a page tells the worker to remember until a push comes: the words in the reader's language, and whether to make a sound. No
// page may be open then, and the worker has no other memory. Signing out forgets it.

export interface Notes {
  title: string;
  message: string;
  test: string;
  sound: boolean;
}

const name = "wardline-notes";
const address = "/notes";

export async function writeNotes(notes: Notes): Promise<void> {
  const cache = await caches.open(name);
  await cache.put(address, new Response(JSON.stringify(notes), { headers: { "content-type": "application/json" } }));
}

/** What was written last; undefined when nothing was, or it cannot be read. */
export async function readNotes(): Promise<Partial<Notes> | undefined> {
  try {
    const kept = await (await caches.open(name)).match(address);
    const notes: unknown = await kept?.json();
    return typeof notes === "object" && notes !== null ? notes : undefined;
  } catch {
    return undefined;
  }
}

export async function forgetNotes(): Promise<void> {
  await caches.delete(name);
}
