// The files of messages, fetched with this session's token (client-server API, "Content repository") and held as blobs for
// as long as they are on the screen, or were so lately. Nothing of it is written to the disk, and all of it goes with the session.

import type { Account } from "./account";
import type { File } from "./body";
import { MatrixError, readAnswer, Unreachable, type Client } from "./http";
import { messagesFrom } from "./room";
import type { MatrixEvent } from "./event";

/** Bytes held of files that are not on the screen. */
const heldBytes = 24 << 20;
/** A larger picture is not fetched whole in the place of a smaller one, in bytes. */
const wholeBytes = 8 << 20;
/** A file that takes longer than this is given up, in milliseconds. */
const patienceMs = 120_000;

interface Held {
  blob: Promise<Blob>;
  url?: string;
  bytes: number;
  users: number;
}

const all = new WeakMap<Account, Files>();

/** The files of a session. */
export function filesOf(account: Account): Files {
  const known = all.get(account);
  if (known) return known;
  const files = new Files(account);
  all.set(account, files);
  return files;
}

export class Files {
  readonly #held = new Map<string, Held>();

  constructor(private readonly account: Account) {
    account.store.changes.listen((change) => {
      if (change.ended) this.#forget(0, true);
    });
  }

  /** A blob: address of a file, or of a smaller picture of it, that holds until `release`. Throws what a call throws. */
  async take(file: File, size?: { width: number; height: number }): Promise<string> {
    const key = keyOf(file, size);
    const held = this.#held.get(key) ?? { blob: this.#fetch(file, size), bytes: 0, users: 0 };
    this.#held.delete(key);
    this.#held.set(key, held);
    held.users++;
    try {
      const blob = await held.blob;
      held.bytes = blob.size;
      held.url ??= URL.createObjectURL(blob);
      return held.url;
    } catch (error) {
      held.users--;
      if (this.#held.get(key) === held) this.#held.delete(key);
      throw error;
    }
  }

  release(file: File, size?: { width: number; height: number }): void {
    const held = this.#held.get(keyOf(file, size));
    if (held) held.users--;
    this.#forget(heldBytes);
  }

  async #fetch(file: File, size: { width: number; height: number } | undefined): Promise<Blob> {
    if (file.url.startsWith("outbox:")) {
      const blob = await this.account.outbox.file(file.url.slice("outbox:".length));
      if (blob) return blob;
      throw new MatrixError(404, "M_NOT_FOUND", "the file is no longer waiting", undefined);
    }
    if (!size) return await download(this.account.client, `download/${address(file.url)}`, {});
    const small = { width: Math.round(size.width), height: Math.round(size.height), method: "scale" };
    try {
      return await download(this.account.client, `thumbnail/${address(file.url)}`, small);
    } catch (error) {
      // Of some pictures the server makes no smaller ones; the browser may know them.
      if (!(error instanceof MatrixError) || error.status === 404 || error.status >= 500 || (file.size ?? 0) > wholeBytes) throw error;
      return await download(this.account.client, `download/${address(file.url)}`, {});
    }
  }

  /** Lets go of those used longest ago, until no more than so many bytes are held. */
  #forget(most: number, evenUsed = false): void {
    let bytes = 0;
    for (const [key, held] of [...this.#held].reverse()) {
      bytes += held.bytes;
      if (bytes <= most || (held.users > 0 && !evenUsed)) continue;
      if (held.url !== undefined) URL.revokeObjectURL(held.url);
      this.#held.delete(key);
    }
  }
}

function keyOf(file: File, size: { width: number; height: number } | undefined): string {
  return size ? `${file.url} ${size.width}x${size.height}` : file.url;
}

function address(mxc: string): string {
  return mxc.slice("mxc://".length).split("/").map(encodeURIComponent).join("/");
}

async function download(client: Client, path: string, query: Record<string, string | number>): Promise<Blob> {
  const url = new URL(`/_matrix/client/v1/media/${path}`, client.base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return await client.authorised(async (token) => {
    try {
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) await readAnswer(response);
      return await response.blob();
    } catch (error) {
      if (error instanceof MatrixError) throw error;
      throw new Unreachable(error);
    }
  });
}

/** Messages that carry a file, the latest first, and where the ones before them are. */
export async function messagesWithFiles(client: Client, roomId: string, from?: string): Promise<{ events: MatrixEvent[]; next?: string }> {
  const page = await messagesFrom(client, roomId, from, "older", { types: ["m.room.message"], contains_url: true });
  return { events: page.events.reverse(), next: page.next };
}
