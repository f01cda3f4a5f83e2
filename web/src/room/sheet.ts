import type { Message } from "../matrix/fold";

/** What lies over a conversation: more about one message, or a list of some. */
export type Sheet =
  /** Who has it, who read it, when. */
  | { kind: "info"; message: Message }
  /** How it read before. */
  | { kind: "edits"; message: Message }
  /** Every reaction there is, to choose from. */
  | { kind: "react"; message: Message }
  | { kind: "delete"; message: Message }
  | { kind: "pinned" }
  | { kind: "starred" }
  | { kind: "gallery" }
  /** A picture in full, by its event. */
  | { kind: "viewer"; event_id: string };
