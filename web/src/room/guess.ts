// How high an item of the timeline will be, before it was ever in the page. A good guess keeps the scroll bar still.

import type { Item, Message } from "../matrix/fold";
import { shownSize } from "../media/size";

/** Pixels at the usual text size. */
const line = 22;
const letter = 7.6;
const bubblePadding = 14;

export function guess(item: Item, width: number): number {
  if (item.kind === "day") return 46;
  if (item.kind !== "message") return 32;
  const across = Math.max(160, Math.min(width * 0.85, 608) - 24);
  return bodyHeight(item, across) + bubblePadding + (item.leads ? 10 : 3) + extras(item);
}

function bodyHeight({ body }: Message, across: number): number {
  if (body.kind === "image" || body.kind === "video") return body.file ? shownSize(body.file, across).height + line : 2 * line;
  if (body.kind === "audio" || body.kind === "file") return 60;
  if (!("text" in body)) return line;
  const lines = body.text.slice(0, 2_000).split("\n").reduce((sum, one) => sum + Math.max(1, Math.ceil((one.length * letter) / across)), 0);
  return Math.min(lines, 18) * line;
}

function extras(message: Message): number {
  const name = message.leads && !message.mine ? 19 : 0;
  return name + (message.reply ? 54 : 0) + (message.reactions.length > 0 ? 28 : 0) + (message.thread ? 34 : 0);
}
