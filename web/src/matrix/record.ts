// What is kept on this device for each conversation: the records of the store, which are also what models are told.

import type { Content, MatrixEvent } from "./event";

export type Membership = "join" | "invite" | "knock" | "leave" | "ban";

export interface Hero {
  user_id: string;
  name?: string;
}

/** What the list of conversations shows of a room's latest message. */
export interface Preview {
  event: MatrixEvent;
  senderName?: string;
}

export interface Room {
  room_id: string;
  /** The room's own name; a conversation without one is named after its members. */
  name?: string;
  heroes: Hero[];
  direct: boolean;
  membership: Membership;
  /** Greater is more recent; means nothing else. */
  bump: number;
  joined: number;
  unread: number;
  highlights: number;
  preview?: Preview;
  /** Who invited this person, while the invitation is open, and why. */
  inviter?: Hero;
  reason?: string;
  /** What the conversation is for: m.room.topic. */
  purpose?: string;
  /** org.wardline.kind of the create event: clinical, operational, social, or what a later version knows. */
  kind?: string;
  /** What kind of room by the standard's own reckoning: m.space and the like. */
  type?: string;
  /** The tags this person gave it (client-server API, "Room Tagging"). */
  tags?: string[];
}

/** The latest events of a room without a gap, oldest first. */
export interface Timeline {
  room_id: string;
  events: MatrixEvent[];
  /** Where /messages continues before the first event; absent when that is not known. */
  before?: string;
}

export interface Member {
  room_id: string;
  user_id: string;
  name?: string;
  membership: Membership;
}

/** A note that a person keeps at the server for their own clients; without a room it is for all they do. */
export interface AccountData {
  room_id?: string;
  type: string;
  content: Content;
}

/** The latest event that a person has read, as far as they let others know. */
export interface Receipt {
  room_id: string;
  user_id: string;
  event_id: string;
  /** When, in milliseconds since 1970. */
  at?: number;
  /** The thread it is about, by its first message; undefined for the conversation. */
  thread?: string;
}

export interface Typing {
  room_id: string;
  users: string[];
}

/** A message on its way out. */
export interface Pending {
  /** Order of sending; given by the store. */
  seq?: number;
  txn_id: string;
  room_id: string;
  type: string;
  content: Content;
  queued_at: number;
  /** sent: the server has it, and sync has not brought it back yet. */
  state: "queued" | "sent" | "failed";
  event_id?: string;
  /** Why it failed, or what a queued message waits for: the server's code, or one of `Trouble`. */
  reason?: string;
  /** When a message that waits is tried again. */
  retry_at?: number;
  /** By this device's clock, when the server confirmed it. */
  sent_at?: number;
  /** It was given to the network at least once: the server may have it, whatever was answered. */
  tried?: boolean;
  /** Taken back after it was tried. It is not sent again, and deleted at the server should it turn out to be there. */
  cancelled?: boolean;
  /** The file that goes ahead of the message. */
  upload?: Upload;
  /** For a deletion: the event that it deletes. */
  redacts?: string;
}

/** Reasons that are this device's own. UPLOAD_ and a server's code: the file was refused, not the message. */
export type Trouble = "OFFLINE" | "BUSY" | "LIMITED" | "NOT_STORED" | "FILE_GONE" | `UPLOAD_${string}`;

/** A file on its way to the server, reserved there first so that a repeated upload is the same file. */
export interface Upload {
  type: string;
  /** In bytes. */
  size: number;
  /** Its mxc:// address, once reserved. */
  uri?: string;
  /** By this device's clock, when the server had all of it. */
  done_at?: number;
}

/** How much of a message's file has been sent. */
export interface Progress {
  txn_id: string;
  /** In bytes, as `size`. */
  sent: number;
  size: number;
}

/** connecting: not yet answered. live: up to date. waiting: the server is out of reach; tried again at `retryAt`. */
export type SyncStatus = { state: "connecting" } | { state: "live" } | { state: "waiting"; retryAt: number };

/** The name of a conversation: its own, or its other members'. Undefined when there is no one to name it after. */
export function roomName(room: Room): string | undefined {
  if (room.name) return room.name;
  if (room.membership === "invite" && room.inviter) return heroName(room.inviter);
  if (room.heroes.length === 0) return undefined;
  return room.heroes.map(heroName).join(", ");
}

export function heroName(hero: Hero): string {
  return hero.name || localpart(hero.user_id);
}

/** The part of a user id before the server's name, for people without a display name. */
export function localpart(userId: string): string {
  return userId.replace(/^@/, "").split(":", 1)[0] || userId;
}

/** The event that something on its way deletes. */
export function deletes(pending: Pending): string | undefined {
  if (pending.type !== "m.room.redaction") return undefined;
  return pending.redacts ?? (typeof pending.content.redacts === "string" ? pending.content.redacts : undefined);
}
