// Bringing a file to the server (client-server API, "Content repository"). The address is reserved first, and the file put
// there: putting it again after a lost answer is refused as done, not stored a second time. The file's name is not told to the
// repository, since it may name a patient and would stand in an address; it travels inside the message.

import { text } from "./event";
import { MatrixError, readAnswer, Unreachable, type Client } from "./http";

/** A connection that moves nothing for this long is taken for dead. */
const stallMs = 60_000;

/** Bytes sent so far. */
export type OnProgress = (sent: number) => void;

/** POST /_matrix/media/v1/create: the mxc:// address that a file will have. */
export async function reserve(client: Client, signal: AbortSignal): Promise<string> {
  const answer = await client.call("POST", "/_matrix/media/v1/create", { body: {}, signal });
  const uri = text(answer.content_uri);
  if (!uri?.startsWith("mxc://")) throw new MatrixError(502, "M_UNKNOWN", "the reservation has no address", undefined);
  return uri;
}

/** The largest file that the server takes, in bytes; undefined when it does not say. */
export async function largestFile(client: Client): Promise<number | undefined> {
  const answer = await client.call("GET", "/_matrix/client/v1/media/config");
  const size = answer["m.upload.size"];
  return typeof size === "number" ? size : undefined;
}

/** Puts the file at its reserved address. A file that is there already is a success; a lapsed reservation is M_NOT_FOUND. */
export async function fill(client: Client, uri: string, file: Blob, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
  const url = new URL(`/_matrix/media/v3/upload/${uri.slice("mxc://".length).split("/").map(encodeURIComponent).join("/")}`, client.base);
  try {
    await client.authorised(async (token) => await readAnswer(await put(url, token, file, onProgress, signal)));
  } catch (error) {
    if (error instanceof MatrixError && error.code === "M_CANNOT_OVERWRITE_MEDIA") return;
    throw error;
  }
}

/** One PUT. Only XMLHttpRequest tells how far an upload is; where there is none (a service worker) fetch does the same unseen. */
async function put(url: URL, token: string, file: Blob, onProgress: OnProgress, signal: AbortSignal): Promise<Response> {
  if (typeof XMLHttpRequest === "undefined") return await fetched(url, token, file, signal);
  return await new Promise<Response>((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stall = new Stall(() => request.abort());
    const failed = () => reject(signal.aborted ? signal.reason : new Unreachable("the upload ended early"));
    request.open("PUT", url);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.responseType = "text";
    request.upload.onprogress = (event) => {
      stall.moved();
      onProgress(event.loaded);
    };
    request.onload = () => resolve(asResponse(request));
    request.onerror = failed;
    request.onabort = failed;
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    request.onloadend = () => {
      stall.over();
      signal.removeEventListener("abort", abort);
    };
    if (signal.aborted) return failed();
    request.send(file);
    stall.moved();
  });
}

async function fetched(url: URL, token: string, file: Blob, signal: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": file.type || "application/octet-stream" };
  try {
    return await fetch(url, { method: "PUT", headers, body: file, signal, cache: "no-store", credentials: "omit" });
  } catch (error) {
    signal.throwIfAborted();
    throw new Unreachable(error);
  }
}

function asResponse(request: XMLHttpRequest): Response {
  const wait = request.getResponseHeader("retry-after");
  return new Response(request.responseText, { status: request.status, headers: wait === null ? {} : { "retry-after": wait } });
}

/** Calls out when nothing has moved for too long. */
class Stall {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly stalled: () => void) {}

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.stalled, stallMs);
  }

  over(): void {
    clearTimeout(this.#timer);
  }
}
