// One group as those see it who look after it: who is in it and as what, what may be done, and who came and went.

import { batch, computed, signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import { membersOf } from "../matrix/apply";
import type { Change } from "../matrix/changes";
import { text, type MatrixEvent } from "../matrix/event";
import { localpart, type Member, type Room } from "../matrix/record";
import { leave } from "../matrix/room";
import { groupState, invite, leadLevel, levelOf, mayChange, mayInvite, mayRemove, membershipHistory, readState, remove, rename, setLead, setOwner, setPurpose, type GroupState } from "./requests";

export type Role = "owner" | "lead" | "member";

export interface Participant {
  user_id: string;
  name: string;
  role: Role;
  /** Asked, and has not answered yet. */
  invited: boolean;
}

/** What happened to somebody's place in the group. */
export interface Passage {
  event_id: string;
  at: number;
  what: "joined" | "left" | "invited" | "declined" | "removed" | "taken back" | "barred";
  who: string;
  /** Who did it, where it was somebody else. */
  by?: string;
  reason?: string;
}

export type Loading = "loading" | "loaded" | "failed";

export class Group {
  readonly state = signal<Loading>("loading");
  readonly room = signal<Room | undefined>(undefined);
  readonly history = signal<readonly Passage[]>([]);
  readonly past = signal<"more" | "loading" | "failed" | "start">("more");
  readonly #events = signal<readonly MatrixEvent[]>([]);
  readonly #unlisten: () => void;
  #next: string | undefined;

  /** The members in the order of their part, then by name; the trust's own account is none. */
  readonly people = computed<Participant[]>(() => participants(this.#events.value, this.rights.value));
  readonly #names = computed(() => new Map(membersOf("", [...this.#events.value]).map((one) => [one.user_id, one.name || localpart(one.user_id)])));
  readonly rights = computed<GroupState>(() => groupState(this.#events.value));

  constructor(
    private readonly account: Account,
    readonly roomId: string,
  ) {
    this.#unlisten = account.store.changes.listen((change) => this.#apply(change));
    void account.store.conversation(roomId).then((kept) => (this.room.value ??= kept.room));
    void this.load();
  }

  get me(): string {
    return this.account.userId;
  }

  close(): void {
    this.#unlisten();
  }

  may(type: string): boolean {
    return mayChange(this.rights.value, this.me, type);
  }

  get mayInvite(): boolean {
    return mayInvite(this.rights.value, this.me);
  }

  mayRemove(userId: string): boolean {
    return mayRemove(this.rights.value, this.me, userId);
  }

  async load(): Promise<void> {
    try {
      const events = await readState(this.account.client, this.roomId);
      batch(() => {
        this.#events.value = events;
        this.state.value = "loaded";
      });
    } catch {
      if (this.state.value === "loading") this.state.value = "failed";
    }
  }

  async rename(name: string): Promise<void> {
    await rename(this.account.client, this.roomId, name);
  }

  async setPurpose(purpose: string): Promise<void> {
    await setPurpose(this.account.client, this.roomId, purpose);
  }

  async invite(userIds: readonly string[], reason: string): Promise<void> {
    for (const id of userIds) await invite(this.account.client, this.roomId, id, reason);
    await this.load();
  }

  async remove(userId: string): Promise<void> {
    await remove(this.account.client, this.roomId, userId);
    await this.load();
  }

  async setLead(userId: string, on: boolean): Promise<void> {
    await setLead(this.account.client, this.roomId, userId, on, this.rights.value);
    await this.load();
  }

  async setOwner(userId: string): Promise<void> {
    await setOwner(this.account.client, this.roomId, userId, this.rights.value);
    await this.load();
  }

  async leave(): Promise<void> {
    await leave(this.account.client, this.roomId);
  }

  /** What somebody is called here, also after they left. */
  nameOf(userId: string): string | undefined {
    return this.#names.value.get(userId);
  }

  /** A page of who came and went, further back than what is shown. */
  async showHistory(): Promise<void> {
    if (this.past.value === "loading" || this.past.value === "start") return;
    this.past.value = "loading";
    try {
      const page = await membershipHistory(this.account.client, this.roomId, this.#next);
      this.#next = page.next;
      batch(() => {
        this.history.value = [...this.history.value, ...page.events.flatMap(passage)];
        this.past.value = page.next === undefined ? "start" : "more";
      });
    } catch {
      this.past.value = "failed";
    }
  }

  #apply(change: Change): void {
    const room = change.rooms?.find((one) => one.room_id === this.roomId);
    if (room) this.room.value = room;
    const stated = change.timelines?.find((one) => one.room_id === this.roomId)?.events.at(-1);
    // Somebody else came, went or was given something to do: what is shown is read afresh.
    if (stated?.state_key !== undefined && this.state.value === "loaded") void this.load();
  }
}

const rank: Record<Role, number> = { owner: 0, lead: 1, member: 2 };

function participants(events: readonly MatrixEvent[], rights: GroupState): Participant[] {
  const people = membersOf("", [...events]).filter((member) => member.membership === "join" || member.membership === "invite");
  const found = people.filter((member) => !isHouse(member)).map((member): Participant => ({ user_id: member.user_id, name: member.name || localpart(member.user_id), role: roleOf(rights, member.user_id), invited: member.membership === "invite" }));
  return found.sort((a, b) => Number(a.invited) - Number(b.invited) || rank[a.role] - rank[b.role] || a.name.localeCompare(b.name));
}

/** The server's own account, in whose name the trust's conversations are made. */
function isHouse(member: Member): boolean {
  return localpart(member.user_id) === "wardline";
}

function roleOf(rights: GroupState, userId: string): Role {
  if (rights.owner === userId) return "owner";
  return levelOf(rights, userId) >= leadLevel ? "lead" : "member";
}

/** Several whom the same thing happened to at about the same time, told as one. */
export interface Passing extends Passage {
  whom: string[];
}

/** Those who passed within this long of one another belong together, in milliseconds. */
const together = 10 * 60_000;

/** The history with its likes gathered: a group that is made invites many at once. */
export function gathered(history: readonly Passage[]): Passing[] {
  const out: Passing[] = [];
  for (const one of history) {
    const last = out.at(-1);
    const same = last?.what === one.what && last.by === one.by && last.reason === one.reason && Math.abs(last.at - one.at) <= together;
    if (same) last.whom.push(one.who);
    else out.push({ ...one, whom: [one.who] });
  }
  return out;
}

/** What a membership event means, given what was before it; nothing for a mere change of name. */
export function passage(event: MatrixEvent): Passage[] {
  const was = before(event);
  const is = text(event.content.membership);
  const who = event.state_key;
  if (who === undefined || is === was) return [];
  const self = event.sender === who;
  const what = meaning(is, was, self);
  if (what === undefined) return [];
  const passed: Passage = { event_id: event.event_id, at: event.origin_server_ts, what, who };
  if (!self) passed.by = event.sender;
  const reason = text(event.content.reason);
  if (reason) passed.reason = reason;
  return [passed];
}

function meaning(is: string | undefined, was: string | undefined, self: boolean): Passage["what"] | undefined {
  if (is === "join") return "joined";
  if (is === "invite") return "invited";
  if (is === "ban") return "barred";
  if (is !== "leave") return undefined;
  if (was === "invite") return self ? "declined" : "taken back";
  return self ? "left" : "removed";
}

function before(event: MatrixEvent): string | undefined {
  const unsigned = event.unsigned ?? {};
  const content = "prev_content" in unsigned ? unsigned.prev_content : undefined;
  return typeof content === "object" && content !== null && "membership" in content ? text(content.membership) : undefined;
}
