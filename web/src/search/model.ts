// Searching what was said, at the server: this device keeps only the latest of it.

import { batch, signal } from "@preact/signals";
import { isObject, readEvent, text, type Content, type MatrixEvent } from "../matrix/event";
import type { Client } from "../matrix/http";
import { MatrixError } from "../matrix/http";
import { plainWords } from "./names";

/** A message that holds every word, and who said it where. */
export interface Hit {
  event: MatrixEvent;
  room_id: string;
  senderName?: string;
}

export type Searching = "idle" | "looking" | "found" | "more" | "failed" | "limited";

/** Pause in typing before the server is asked, in milliseconds: a search costs it more than a name does. */
export const pauseMs = 300;

/** Fewer letters than this find too much to be read. */
const leastLetters = 2;

export class MessageSearch {
  readonly state = signal<Searching>("idle");
  readonly hits = signal<readonly Hit[]>([]);
  /** The words as they stand in the messages found. */
  readonly words = signal<readonly string[]>([]);
  /** How many there are in all, as far as the server says. */
  readonly count = signal(0);
  readonly hasMore = signal(false);
  #term = "";
  #next: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request = new AbortController();

  constructor(private readonly client: Client) {}

  /** What is typed now; the answer comes a little after the last letter. */
  typed(term: string): void {
    if (term.trim() === this.#term) return;
    this.#term = term.trim();
    this.stop();
    if (plainWords(term).join("").length < leastLetters) {
      this.#show([], [], undefined, 0);
      this.state.value = "idle";
      return;
    }
    this.state.value = "looking";
    this.#timer = setTimeout(() => void this.#look(), pauseMs);
  }

  /** The next page, or the page that failed once more. */
  async more(): Promise<void> {
    if (this.state.value === "looking" || this.state.value === "more") return;
    this.state.value = this.#next === undefined ? "looking" : "more";
    await this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#request.abort();
    this.#next = undefined;
  }

  async #look(): Promise<void> {
    this.#request = new AbortController();
    const { signal: stopped } = this.#request;
    const from = this.#next;
    try {
      const answer = await this.client.call("POST", "/_matrix/client/v3/search", { query: from === undefined ? {} : { next_batch: from }, body: request(this.#term), signal: stopped });
      if (stopped.aborted) return;
      const found = readFound(answer);
      this.#show(from === undefined ? found.hits : [...this.hits.value, ...found.hits], found.words, found.next, found.count);
    } catch (error) {
      if (stopped.aborted) return;
      this.state.value = error instanceof MatrixError && error.status === 429 ? "limited" : "failed";
    }
  }

  #show(hits: readonly Hit[], words: readonly string[], next: string | undefined, count: number): void {
    this.#next = next;
    batch(() => {
      this.hits.value = hits;
      this.words.value = words;
      this.hasMore.value = next !== undefined;
      this.count.value = count;
      this.state.value = "found";
    });
  }
}

/** POST /search (client-server API, "Server Side Search"), the newest first, with the names their senders went by. */
function request(term: string): Content {
  return {
    search_categories: {
      room_events: {
        search_term: term,
        keys: ["content.body"],
        order_by: "recent",
        filter: { limit: 20, types: ["m.room.message"] },
        event_context: { before_limit: 0, after_limit: 0, include_profile: true },
      },
    },
  };
}

export interface Found {
  hits: Hit[];
  words: string[];
  next?: string;
  count: number;
}

/** What an answer of POST /search holds, less what is malformed. */
export function readFound(answer: Content): Found {
  const categories = isObject(answer.search_categories) ? answer.search_categories : {};
  const found = isObject(categories.room_events) ? categories.room_events : {};
  return {
    hits: (Array.isArray(found.results) ? found.results : []).flatMap(readHit),
    words: (Array.isArray(found.highlights) ? found.highlights : []).filter((word) => typeof word === "string"),
    next: text(found.next_batch),
    count: typeof found.count === "number" ? found.count : 0,
  };
}

function readHit(value: unknown): Hit[] {
  if (!isObject(value)) return [];
  const event = readEvent(value.result);
  const room_id = isObject(value.result) ? text(value.result.room_id) : undefined;
  if (!event || room_id === undefined) return [];
  const context = isObject(value.context) ? value.context : {};
  const profiles = isObject(context.profile_info) ? context.profile_info : {};
  const profile = profiles[event.sender];
  return [{ event, room_id, senderName: isObject(profile) ? text(profile.displayname) : undefined }];
}
