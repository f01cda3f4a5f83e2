// From what was written to the content of an event (client-server API, "Instant messaging", "Rich replies", "Threading",
// "Event replacements", "User and room mentions"). Pure.

import type { Content } from "../matrix/event";

/** A person named in the text with @. */
export interface Mention {
  user_id: string;
  /** As it stands in the text, after the @. */
  name: string;
}

export interface Written {
  text: string;
  mentions: Mention[];
  /** The event that is answered, and who wrote it. */
  replyTo?: { event_id: string; sender: string };
  /** The first event of the thread it is written in. */
  thread?: string;
  /** Who writes: nobody mentions themselves. */
  me: string;
}

/** An event is at most 65,536 bytes (client-server API, "Size limits"); the server adds ids, hashes and signatures to the content. */
export const longestContent = 65_536 - 4_096;

/** Texts shorter than this are within the limit in any script, however they are quoted. */
const surelyShort = 3_000;

/** How much of the limit is used before it is said. */
const nearly = 0.85;

export interface Size {
  state: "fine" | "near" | "over";
  /** About how many characters are left, or too many. */
  characters: number;
}

/** The event for a text message. */
export function messageContent(written: Written): Content {
  const content: Content = { msgtype: "m.text", ...bodyOf(written) };
  const relates = relation(written);
  if (relates) content["m.relates_to"] = relates;
  return content;
}

/** The event that replaces an own message. */
export function editContent(written: Written, target: string): Content {
  const fresh: Content = { msgtype: "m.text", ...bodyOf(written) };
  return {
    ...fresh,
    body: `* ${written.text}`,
    ...(typeof fresh.formatted_body === "string" ? { formatted_body: `* ${fresh.formatted_body}` } : {}),
    "m.new_content": fresh,
    "m.relates_to": { rel_type: "m.replace", event_id: target },
  };
}

/** What a message of any kind says about others: what it answers, and the thread it belongs to. */
export function relation({ replyTo, thread }: Pick<Written, "replyTo" | "thread">): Content | undefined {
  const reply = replyTo && { "m.in_reply_to": { event_id: replyTo.event_id } };
  if (thread === undefined) return reply;
  return { rel_type: "m.thread", event_id: thread, is_falling_back: !reply, "m.in_reply_to": { event_id: thread }, ...reply };
}

/** How near the content is to what a server accepts. */
export function sizeOf(text: string, content: () => Content): Size {
  if (text.length < surelyShort) return { state: "fine", characters: 0 };
  const bytes = new TextEncoder().encode(JSON.stringify(content())).length;
  const perCharacter = bytes / text.length;
  const left = longestContent - bytes;
  return { state: left < 0 ? "over" : bytes > longestContent * nearly ? "near" : "fine", characters: Math.ceil(Math.abs(left) / perCharacter) };
}

/** The mentions that still stand in the text. */
export function standing(text: string, mentions: Mention[]): Mention[] {
  return mentions.filter((one) => text.includes(`@${one.name}`));
}

function bodyOf(written: Written): Content {
  const named = standing(written.text, written.mentions);
  const people = new Set(named.map((one) => one.user_id));
  if (written.replyTo) people.add(written.replyTo.sender);
  people.delete(written.me);
  const content: Content = { body: written.text, "m.mentions": people.size > 0 ? { user_ids: [...people] } : {} };
  if (named.length > 0) {
    content.format = "org.matrix.custom.html";
    content.formatted_body = withPills(written.text, named);
  }
  return content;
}

/** The text as HTML in which the people named are links; everything else is escaped and stays as it was written. */
function withPills(text: string, mentions: Mention[]): string {
  // Longer names first: "@Ann Lee" is not "@Ann" and " Lee".
  const byName = new Map(mentions.map((one) => [`@${one.name}`, one]));
  const names = [...byName.keys()].sort((a, b) => b.length - a.length);
  const parts = text.split(new RegExp(`(${names.map(escapeExpression).join("|")})`, "u"));
  return parts
    .map((part) => {
      const mention = byName.get(part);
      if (!mention) return escapeHtml(part).replaceAll("\n", "<br>");
      return `<a href="https://matrix.to/#/${encodeURIComponent(mention.user_id)}">${escapeHtml(mention.name)}</a>`;
    })
    .join("");
}

function escapeExpression(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
