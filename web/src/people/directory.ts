// The trust's people: looking them up by what is typed, and by their id. What was learnt is kept for the session, so that a name
// never stands without its job for longer than one answer takes.

import { batch, signal, type Signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { MatrixError } from "../matrix/http";
import { plainWords } from "../search/names";
import { readPeople, readPerson, type Person } from "./person";
import { similarTo } from "./similar";

/** How many results are asked for; more than a screen holds would not be read. */
const mostFound = 30;

/** Pause in typing before the server is asked, in milliseconds. */
export const pauseMs = 150;

export class Directory {
  readonly #known = new Map<string, Signal<Person | undefined>>();
  readonly #asked = new Set<string>();

  constructor(private readonly account: Account) {}

  /** Somebody by their id; asked for once, undefined until known. */
  person(userId: string): Person | undefined {
    const known = this.#signal(userId);
    if (known.peek() === undefined) void this.#ask(userId);
    return known.value;
  }

  /** POST /user_directory/search: by name, job and ward. Throws what the call throws. */
  async find(term: string, signal?: AbortSignal): Promise<{ people: Person[]; limited: boolean }> {
    if (plainWords(term).length === 0) return { people: [], limited: false };
    const answer = await this.account.client.call("POST", "/_matrix/client/v3/user_directory/search", { body: { search_term: term.slice(0, 200), limit: mostFound }, signal });
    const people = readPeople(answer.results);
    batch(() => people.forEach((person) => (this.#signal(person.user_id).value = person)));
    return { people, limited: answer.limited === true };
  }

  /** Colleagues whose names are similar to somebody's, as far as they begin alike: those to compare with before writing. */
  async similarTo(person: Person): Promise<Person[]> {
    const words = plainWords(person.name);
    const terms = new Set([words.at(-1)?.slice(0, 4), words.at(-2)?.slice(0, 3)].filter((term) => term !== undefined));
    const found = await Promise.all([...terms].map((term) => this.find(term)));
    const others = new Map(found.flatMap((one) => one.people.map((other) => [other.user_id, other] as const)));
    return similarTo(person, [...others.values()]);
  }

  #signal(userId: string): Signal<Person | undefined> {
    const found = this.#known.get(userId) ?? signal<Person | undefined>(undefined);
    this.#known.set(userId, found);
    return found;
  }

  async #ask(userId: string): Promise<void> {
    if (this.#asked.has(userId)) return;
    this.#asked.add(userId);
    try {
      const profile = await this.account.client.call("GET", `/_matrix/client/v3/profile/${encodeURIComponent(userId)}`);
      this.#signal(userId).value = readPerson(userId, profile);
    } catch (error) {
      // Nobody of that name is an answer; anything else may be different next time.
      if (!(error instanceof MatrixError) || error.status !== 404) this.#asked.delete(userId);
    }
  }
}

export type Finding = "idle" | "looking" | "found" | "failed";

/** One field in which people are looked for. */
export class Finder {
  readonly term = signal("");
  readonly state = signal<Finding>("idle");
  readonly people = signal<readonly Person[]>([]);
  readonly limited = signal(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request = new AbortController();

  constructor(
    private readonly directory: Directory,
    /** Who is not to be found: oneself, those chosen already. */
    private readonly without: (userId: string) => boolean,
  ) {}

  typed(term: string): void {
    this.term.value = term;
    clearTimeout(this.#timer);
    this.#request.abort();
    if (plainWords(term).length === 0) return this.clear();
    this.state.value = "looking";
    this.#timer = setTimeout(() => void this.#look(), pauseMs);
  }

  /** Asks again, after a failure. */
  again(): void {
    this.state.value = "looking";
    void this.#look();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#request.abort();
    batch(() => {
      if (plainWords(this.term.peek()).length === 0) this.people.value = [];
      this.state.value = "idle";
    });
  }

  async #look(): Promise<void> {
    this.#request = new AbortController();
    const { signal: stop } = this.#request;
    try {
      const { people, limited } = await this.directory.find(this.term.peek(), stop);
      if (stop.aborted) return;
      batch(() => {
        this.people.value = people.filter((person) => !this.without(person.user_id));
        this.limited.value = limited;
        this.state.value = "found";
      });
    } catch {
      if (!stop.aborted) this.state.value = "failed";
    }
  }
}
