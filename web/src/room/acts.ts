// What a person does to messages besides writing them: react, delete, pin, star. What others will see goes through the
// queue like a message, so that no network loses it; what a person may do here is asked of the server once.

import { computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { isObject, type Content, type MatrixEvent } from "../matrix/event";
import type { Message } from "../matrix/fold";
import { eventById, putState, stateEvent } from "../matrix/relate";

/** The reactions that are one step away. */
export const quick = ["👍", "✅", "❤️", "🙏", "😂", "👀"] as const;

const starredType = "org.wardline.starred";
/** A list of this many fills half of what account data may hold. */
const starredMost = 500;
const pinnedType = "m.room.pinned_events";
const pinnedMost = 50;

/** A message that was starred: where it is, and when it was. */
export interface Star {
  room_id: string;
  event_id: string;
  at: number;
}

interface Levels {
  content: Content;
  creators: string[];
}

export class Acts {
  readonly pinned = signal<readonly string[]>([]);
  readonly stars = signal<readonly Star[]>([]);
  readonly starred = computed(() => new Set(this.stars.value.filter((one) => one.room_id === this.roomId).map((one) => one.event_id)));
  readonly #levels = signal<Levels | undefined>(undefined);
  readonly #unlisten: () => void;
  #asked = false;

  /** Whether this person may pin messages, and whether they may delete those of others. */
  readonly mayPin = computed(() => this.#level() >= this.#needed(pinnedType, "state_default"));
  readonly mayDeleteOthers = computed(() => this.#level() >= number(this.#levels.value?.content.redact, 50));

  constructor(
    private readonly account: Account,
    private readonly roomId: string,
  ) {
    this.#unlisten = account.store.changes.listen((change) => {
      for (const data of change.data ?? []) if (data.type === starredType && data.room_id === undefined) this.stars.value = readStars(data.content);
      for (const timeline of change.timelines ?? []) if (timeline.room_id === this.roomId) this.#follow(timeline.events);
    });
  }

  close(): void {
    this.#unlisten();
  }

  /** Asks what is pinned and what this person may do. What cannot be asked now is asked at the next opening. */
  async load(): Promise<void> {
    this.stars.value = readStars((await this.account.store.data(starredType)) ?? {});
    if (this.#asked) return;
    this.#asked = true;
    try {
      const [levels, create, pinned] = await Promise.all(["m.room.power_levels", "m.room.create", pinnedType].map((type) => stateEvent(this.account.client, this.roomId, type)));
      this.#levels.value = { content: levels?.content ?? {}, creators: creatorsOf(create) };
      if (pinned) this.pinned.value = strings(pinned.content.pinned);
    } catch {
      this.#asked = false;
    }
  }

  /** Gives a reaction, or takes it back. */
  react(message: Message, key: string): void {
    if (message.event_id === undefined) return;
    const own = message.reactions.find((one) => one.key === key)?.own;
    if (own === "pending") return;
    if (own !== undefined) return this.#redact(own);
    this.#queue("m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: message.event_id, key } });
  }

  /** Deletes a message for everyone. A mark stays, and so does the record that it was there. */
  delete(message: Message): void {
    if (message.event_id !== undefined) this.#redact(message.event_id);
  }

  mayDelete(message: Message): boolean {
    return message.event_id !== undefined && message.body.kind !== "deleted" && (message.mine || this.mayDeleteOthers.value);
  }

  /** Pins a message for everyone, or takes the pin out. Throws what the call throws. */
  async pin(eventId: string): Promise<void> {
    const old = this.pinned.value;
    const pinned = old.includes(eventId) ? old.filter((one) => one !== eventId) : [...old, eventId].slice(-pinnedMost);
    this.pinned.value = pinned;
    try {
      await putState(this.account.client, this.roomId, pinnedType, { pinned });
    } catch (error) {
      this.pinned.value = old;
      throw error;
    }
  }

  /** Stars a message for this person alone, or takes the star away. Throws what the call throws. */
  async star(eventId: string): Promise<void> {
    const old = this.stars.value;
    const is = this.starred.value.has(eventId);
    const others = old.filter((one) => one.event_id !== eventId || one.room_id !== this.roomId);
    const stars = is ? others : [...others, { room_id: this.roomId, event_id: eventId, at: Date.now() }].slice(-starredMost);
    this.stars.value = stars;
    const content = { messages: stars };
    try {
      await this.account.client.call("PUT", `/_matrix/client/v3/user/${encodeURIComponent(this.account.userId)}/account_data/${starredType}`, { body: content });
      await this.account.store.putData({ type: starredType, content });
    } catch (error) {
      this.stars.value = old;
      throw error;
    }
  }

  /** The events as the server has them now, in the order of their ids; those that cannot be read are left out. */
  async events(ids: readonly string[]): Promise<MatrixEvent[]> {
    const found = await Promise.all(ids.map((id) => eventById(this.account.client, this.roomId, id)));
    return found.filter((event) => event !== undefined);
  }

  #redact(eventId: string): void {
    this.#queue("m.room.redaction", { redacts: eventId });
  }

  #queue(type: string, content: Content): void {
    this.account.outbox.add(this.roomId, type, content).catch(() => undefined);
  }

  #follow(events: MatrixEvent[]): void {
    for (const event of events.slice(-20)) {
      if (event.state_key !== "") continue;
      if (event.type === pinnedType) this.pinned.value = strings(event.content.pinned);
      if (event.type === "m.room.power_levels") this.#levels.value = { content: event.content, creators: this.#levels.value?.creators ?? [] };
    }
  }

  /** Creators of a room stand above all levels (room version 12). */
  #level(): number {
    const levels = this.#levels.value;
    if (!levels) return -1;
    if (levels.creators.includes(this.account.userId)) return Infinity;
    const users = isObject(levels.content.users) ? levels.content.users : {};
    return number(users[this.account.userId], number(levels.content.users_default, 0));
  }

  #needed(type: string, otherwise: string): number {
    const content = this.#levels.value?.content ?? {};
    const events = isObject(content.events) ? content.events : {};
    return number(events[type], number(content[otherwise], 50));
  }
}

function creatorsOf(create: MatrixEvent | undefined): string[] {
  return create ? [create.sender, ...strings(create.content.additional_creators)] : [];
}

function readStars(content: Content): Star[] {
  if (!Array.isArray(content.messages)) return [];
  return content.messages.flatMap((one) =>
    isObject(one) && typeof one.room_id === "string" && typeof one.event_id === "string" ? [{ room_id: one.room_id, event_id: one.event_id, at: number(one.at, 0) }] : [],
  );
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
