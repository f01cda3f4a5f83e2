// What a message holds, as far as this app can show it. Everything in it was written by somebody else's client: each field
// is looked at before it is believed.

import { isObject, isRedacted, replyTarget, text, type Content, type MatrixEvent } from "./event";

/** A file as a message names it; sizes are the sender's word, and only reserve room on the screen. */
export interface File {
  /** mxc: address of the content; outbox: and the transaction while it is on its way. */
  url: string;
  /** MIME type. */
  type?: string;
  /** Bytes. */
  size?: number;
  /** Pixels. */
  width?: number;
  height?: number;
  /** Milliseconds. */
  duration?: number;
  /** A smaller picture of it that the sender made. */
  thumbnail?: { url: string; width?: number; height?: number };
  /** Loudness along a voice note, 0 to 1024 (MSC1767, m.audio waveform). */
  waveform?: number[];
  /** It was spoken into the app, not attached. */
  voice?: boolean;
}

export type FileKind = "image" | "video" | "audio" | "file";

export type Body =
  /** `html` is the formatted form, unsafe as it came. */
  | { kind: "text" | "emote" | "notice"; text: string; html?: string }
  | { kind: FileKind; name: string; caption?: string; file?: File }
  | { kind: "deleted" }
  | { kind: "unreadable" };

const fileKinds: Record<string, FileKind> = { "m.image": "image", "m.video": "video", "m.audio": "audio", "m.file": "file" };

/** Longer formatted bodies are shown as plain text: a page of markup is not a message. */
const longestHtml = 65_536;

/** The body of a message event, or of what replaced it. `local` is the address of a file that has none at the server yet. */
export function bodyOf(event: Pick<MatrixEvent, "type" | "content" | "unsigned">, content: Content = event.content, local?: string): Body {
  if (isRedacted(event)) return { kind: "deleted" };
  const body = text(content.body);
  if (event.type === "m.sticker") return withFile({ kind: "image", name: body ?? "" }, content, local);
  if (body === undefined) return { kind: "unreadable" };
  const kind = fileKinds[String(content.msgtype)];
  if (kind) return fileBody(kind, body, content, local);
  const reply = replyTarget(event) !== undefined;
  const words = { text: reply ? withoutQuote(body) : body, html: formatted(content) };
  if (content.msgtype === "m.emote") return { kind: "emote", ...words };
  return { kind: content.msgtype === "m.notice" ? "notice" : "text", ...words };
}

/** A file's name stands in `filename`; where both are there and differ, the body is a caption (client-server API, "Media captions"). */
function fileBody(kind: FileKind, body: string, content: Content, local: string | undefined): Body {
  const name = text(content.filename) ?? body;
  return withFile({ kind, name, caption: name === body ? undefined : body }, content, local);
}

function withFile(body: { kind: FileKind; name: string; caption?: string }, content: Content, local: string | undefined): Body {
  const url = mxc(content.url) ?? local;
  if (url === undefined) return body;
  const info = isObject(content.info) ? content.info : {};
  const thumbnail = isObject(info.thumbnail_info) ? info.thumbnail_info : {};
  const small = mxc(info.thumbnail_url);
  const voice = isObject(content["org.matrix.msc3245.voice"]) || isObject(content["m.voice"]);
  return {
    ...body,
    file: {
      url,
      type: text(info.mimetype),
      size: count(info.size),
      width: count(info.w),
      height: count(info.h),
      duration: count(info.duration),
      thumbnail: small === undefined ? undefined : { url: small, width: count(thumbnail.w), height: count(thumbnail.h) },
      waveform: voice ? waveform(content) : undefined,
      voice,
    },
  };
}

function waveform(content: Content): number[] | undefined {
  const audio = content["org.matrix.msc1767.audio"];
  const values = isObject(audio) ? audio.waveform : undefined;
  if (!Array.isArray(values)) return undefined;
  return values.slice(0, 200).map((one) => Math.min(1024, Math.max(0, Number(one) || 0)));
}

function formatted(content: Content): string | undefined {
  const html = text(content.formatted_body);
  if (content.format !== "org.matrix.custom.html" || !html || html.length > longestHtml) return undefined;
  return /[<&]/.test(html) ? html : undefined;
}

function mxc(value: unknown): string | undefined {
  const url = text(value);
  return url !== undefined && /^mxc:\/\/[^/\s]+\/[A-Za-z0-9_-]+$/.test(url) ? url : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.round(value) : undefined;
}

/** Clients before 2024 quoted what they answered in the body itself; the quote is shown from its source instead. */
function withoutQuote(body: string): string {
  if (!body.startsWith("> ")) return body;
  return body.replace(/^(> .*(\n|$))+\n?/, "") || body;
}
