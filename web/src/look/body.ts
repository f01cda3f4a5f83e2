// A message's body in one line of words, wherever there is no room for more.

import type { Body } from "../matrix/fold";
import { words } from "./words";

export function bodyWords(body: Body): string {
  switch (body.kind) {
    case "deleted":
    case "unreadable":
      return words.body[body.kind];
    case "image":
    case "video":
    case "audio":
    case "file":
      return words.body[body.kind](body.name);
    default:
      return body.text;
  }
}
