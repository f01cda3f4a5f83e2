// The local store: what this browser remembers of one session, in IndexedDB. Every verb is one transaction, and what
// changed is announced after it. Signing out deletes the whole database.

import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from "idb";
import { membersOf, updateRoom, updateTimeline, withData, withPreview } from "./apply";
import { Changes, type Change } from "./changes";
import { transactionOf, type Content, type MatrixEvent } from "./event";
import type { Session } from "./http";
import type { AccountData, Member, Pending, Receipt, Room, Timeline } from "./record";
import type { RoomUpdate, SyncAnswer } from "./sliding";

interface Schema extends DBSchema {
  meta: { key: string; value: unknown };
  rooms: { key: string; value: Room };
  timelines: { key: string; value: Timeline };
  members: { key: [string, string]; value: Member };
  receipts: { key: [string, string]; value: Receipt };
  pending: { key: number; value: Pending; indexes: { room: string; transaction: string } };
  /** What a pending message carries, under its transaction id, until the message has arrived. */
  files: { key: string; value: Blob };
  /** What was being written, by conversation or thread. */
  drafts: { key: string; value: unknown };
}

type Names = ("meta" | "rooms" | "timelines" | "members" | "receipts" | "pending" | "files")[];
type Writing = IDBPTransaction<Schema, Names, "readwrite">;

const version = 2;

/** A sent message that sync never brought back is in the history by now; its echo goes after this long. */
const echoMs = 60_000;

/** Where a sync connection left off. */
export interface Position {
  connection: string;
  pos?: string;
}

/** Everything kept about one conversation. */
export interface Conversation {
  room?: Room;
  timeline?: Timeline;
  members: Member[];
  receipts: Receipt[];
  pending: Pending[];
}

export class Store {
  readonly changes: Changes;

  private constructor(
    private readonly name: string,
    private readonly db: IDBPDatabase<Schema>,
  ) {
    this.changes = new Changes(name);
  }

  /** Opens the database, creating it if needed. Rejects where the browser allows no storage. */
  static async open(name: string): Promise<Store> {
    const db = await openDB<Schema>(name, version, {
      upgrade: (db, before) => {
        if (before >= 1) return addedIn2(db);
        db.createObjectStore("meta");
        db.createObjectStore("rooms", { keyPath: "room_id" });
        db.createObjectStore("timelines", { keyPath: "room_id" });
        db.createObjectStore("members", { keyPath: ["room_id", "user_id"] });
        db.createObjectStore("receipts", { keyPath: ["room_id", "user_id"] });
        const pending = db.createObjectStore("pending", { keyPath: "seq", autoIncrement: true });
        pending.createIndex("room", "room_id");
        pending.createIndex("transaction", "txn_id", { unique: true });
        addedIn2(db);
      },
      // Another tab deletes the database or brings a newer version: stand aside.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    return new Store(name, db);
  }

  async session(): Promise<Session | undefined> {
    return (await this.db.get("meta", "session")) as Session | undefined;
  }

  async saveSession(session: Session): Promise<void> {
    await this.db.put("meta", session, "session");
  }

  async position(): Promise<Position | undefined> {
    return (await this.db.get("meta", "position")) as Position | undefined;
  }

  async savePosition(position: Position): Promise<void> {
    await this.db.put("meta", position, "position");
  }

  async rooms(): Promise<Room[]> {
    return await this.db.getAll("rooms");
  }

  async conversation(roomId: string): Promise<Conversation> {
    const [room, timeline, members, receipts, pending] = await Promise.all([
      this.db.get("rooms", roomId),
      this.db.get("timelines", roomId),
      this.db.getAll("members", ofRoom(roomId)),
      this.db.getAll("receipts", ofRoom(roomId)),
      this.db.getAllFromIndex("pending", "room", roomId),
    ]);
    return { room, timeline, members, receipts, pending: pending.filter((one) => !one.cancelled && one.type !== "m.room.redaction") };
  }

  /** Writes one answer of sync, and the position after it, in one transaction: a crash leaves the one before it. */
  async applySync(answer: SyncAnswer, me: string, connection: string): Promise<void> {
    const change: Required<Pick<Change, "rooms" | "timelines" | "members" | "settled" | "unsent">> = { rooms: [], timelines: [], members: [], settled: [], unsent: [] };
    const tx = this.db.transaction(["meta", "rooms", "timelines", "members", "receipts", "pending", "files"], "readwrite");
    for (const update of answer.rooms) await applyRoom(tx, update, me, change);
    for (const data of answer.data) await applyData(tx, data, change.rooms);
    for (const receipt of answer.receipts) if (receipt.thread === undefined) void tx.objectStore("receipts").put(receipt);
    void tx.objectStore("meta").put({ connection, pos: answer.pos } satisfies Position, "position");
    await tx.done;
    this.changes.announce({ ...change, receipts: answer.receipts, delivered: answer.delivered, typing: answer.typing, data: answer.data.filter((one) => one.room_id === undefined) });
  }

  /** The person's account data of a type, as the server last told it. */
  async data(type: string): Promise<Content | undefined> {
    return (await this.db.get("meta", dataKey(type))) as Content | undefined;
  }

  /** Keeps what this person just changed at the server, before sync tells of it. */
  async putData(data: AccountData): Promise<void> {
    const rooms: Room[] = [];
    const tx = this.db.transaction(["meta", "rooms", "timelines", "members", "receipts", "pending"], "readwrite");
    await applyData(tx, data, rooms);
    await tx.done;
    this.changes.announce(data.room_id === undefined ? { data: [data] } : { rooms });
  }

  /** Forgets the rooms that are not among those named: a fresh sync has shown all there are. */
  async keepOnly(roomIds: Set<string>): Promise<void> {
    const tx = this.db.transaction(["rooms", "timelines", "members", "receipts"], "readwrite");
    const removed = (await tx.objectStore("rooms").getAllKeys()).filter((id) => !roomIds.has(id));
    for (const id of removed) {
      void tx.objectStore("rooms").delete(id);
      void tx.objectStore("timelines").delete(id);
      void tx.objectStore("members").delete(ofRoom(id));
      void tx.objectStore("receipts").delete(ofRoom(id));
    }
    await tx.done;
    if (removed.length > 0) this.changes.announce({ removed });
  }

  /** Shows a conversation as read before the server has said so. */
  async markRead(roomId: string): Promise<void> {
    const tx = this.db.transaction("rooms", "readwrite");
    const room = await tx.store.get(roomId);
    if (room) await tx.store.put({ ...room, unread: 0, highlights: 0 });
    await tx.done;
    if (room) this.changes.announce({ rooms: [{ ...room, unread: 0, highlights: 0 }] });
  }

  /** People learnt of outside sync, with older messages. */
  async addMembers(members: Member[]): Promise<void> {
    const tx = this.db.transaction("members", "readwrite");
    const added: Member[] = [];
    for (const member of members) {
      if (await tx.store.getKey([member.room_id, member.user_id])) continue;
      added.push(member);
      void tx.store.put(member);
    }
    await tx.done;
    if (added.length > 0) this.changes.announce({ members: added });
  }

  /** The messages waiting in all rooms, in order. */
  async pending(): Promise<Pending[]> {
    return await this.db.getAll("pending");
  }

  /** The next message to send in a room, but for those to skip. */
  async nextPending(roomId: string, skip?: ReadonlyMap<string, unknown>): Promise<Pending | undefined> {
    const waiting = await this.db.getAllFromIndex("pending", "room", roomId);
    return waiting.find((one) => one.state === "queued" && !one.cancelled && !skip?.has(one.txn_id));
  }

  /** One waiting message. */
  async pendingOf(txnId: string): Promise<Pending | undefined> {
    return await this.db.getFromIndex("pending", "transaction", txnId);
  }

  /** Adds a message at the end of the queue, with the file that goes with it: both or neither. */
  async addPending(pending: Pending, file?: Blob): Promise<void> {
    const tx = this.db.transaction(["pending", "files"], "readwrite");
    void tx.objectStore("pending").add(pending);
    if (file) void tx.objectStore("files").put(file, pending.txn_id);
    await tx.done;
  }

  /** The file that goes with a waiting message. */
  async file(txnId: string): Promise<Blob | undefined> {
    return await this.db.get("files", txnId);
  }

  /** What was being written under this name: a conversation, or a thread of one. */
  async draft(name: string): Promise<unknown> {
    return await this.db.get("drafts", name);
  }

  /** Keeps what is being written; undefined forgets it. Committed at once: the page may be closing. */
  async saveDraft(name: string, draft: unknown): Promise<void> {
    const tx = this.db.transaction("drafts", "readwrite", { durability: "relaxed" });
    if (draft === undefined) void tx.store.delete(name);
    else void tx.store.put(draft, name);
    tx.commit();
    await tx.done;
  }

  /** Changes a waiting message; undefined when it waits no longer, which sync may have found out first. */
  async updatePending(txnId: string, change: Partial<Pending>): Promise<Pending | undefined> {
    const tx = this.db.transaction("pending", "readwrite");
    const old = await tx.store.index("transaction").get(txnId);
    const changed = old && { ...old, ...change };
    if (changed) await tx.store.put(changed);
    await tx.done;
    return changed;
  }

  async deletePending(txnId: string): Promise<void> {
    const tx = this.db.transaction(["pending", "files"], "readwrite");
    const key = await tx.objectStore("pending").index("transaction").getKey(txnId);
    if (key !== undefined) void tx.objectStore("pending").delete(key);
    void tx.objectStore("files").delete(txnId);
    await tx.done;
  }

  close(): void {
    this.db.close();
    this.changes.close();
  }

  /** Deletes everything. Other tabs are to be told before, by a change that says why the session ended. */
  async destroy(): Promise<void> {
    this.close();
    await deleteDB(this.name);
  }
}

function addedIn2(db: IDBPDatabase<Schema>): void {
  db.createObjectStore("files");
  db.createObjectStore("drafts");
}

function ofRoom(roomId: string): IDBKeyRange {
  return IDBKeyRange.bound([roomId], [roomId, []]);
}

type Told = { rooms: Room[]; timelines: Timeline[]; members: Member[]; settled: string[]; unsent: string[] };

async function applyRoom(tx: Writing, update: RoomUpdate, me: string, change: Told): Promise<void> {
  const id = update.room_id;
  const members = membersOf(id, [...update.state, ...update.timeline]);
  for (const member of members) void tx.objectStore("members").put(member);
  const [oldRoom, oldTimeline] = await Promise.all([tx.objectStore("rooms").get(id), tx.objectStore("timelines").get(id)]);
  const timeline = updateTimeline(oldTimeline, update);
  const room = await previewed(tx, updateRoom(oldRoom, update, me), timeline);
  void tx.objectStore("rooms").put(room);
  void tx.objectStore("timelines").put(timeline);
  change.rooms.push(room);
  change.timelines.push(timeline);
  change.members.push(...members);
  await settle(tx, update, change);
}

function dataKey(type: string): string {
  return `data:${type}`;
}

/** Notes for a room lie in its record: only those the lists show are kept. */
async function applyData(tx: Writing, data: AccountData, changed: Room[]): Promise<void> {
  if (data.room_id === undefined) {
    void tx.objectStore("meta").put(data.content, dataKey(data.type));
    return;
  }
  const old = await tx.objectStore("rooms").get(data.room_id);
  const room = old && withData(old, data);
  if (!room || room === old) return;
  void tx.objectStore("rooms").put(room);
  const at = changed.findIndex((one) => one.room_id === room.room_id);
  changed.splice(at < 0 ? changed.length : at, at < 0 ? 0 : 1, room);
}

async function previewed(tx: Writing, room: Room, timeline: Timeline): Promise<Room> {
  const plain = withPreview(room, timeline, () => undefined);
  if (!plain.preview) return plain;
  const sender = await tx.objectStore("members").get([room.room_id, plain.preview.event.sender]);
  return withPreview(room, timeline, () => sender?.name);
}

/** Takes the messages that came back from the queue, so that the echo and the event are never both there, nor neither. */
async function settle(tx: Writing, update: RoomUpdate, change: Told): Promise<void> {
  const waiting = await tx.objectStore("pending").index("room").getAll(update.room_id);
  if (waiting.length === 0) return;
  const arrived = new Map(update.timeline.flatMap((event: MatrixEvent) => [event.event_id, transactionOf(event) ?? ""].map((id) => [id, event.event_id])));
  const passed = (one: Pending) => update.gap && one.state === "sent" && Math.abs(Date.now() - (one.sent_at ?? 0)) > echoMs;
  for (const one of waiting) {
    const eventId = arrived.get(one.txn_id) ?? arrived.get(one.event_id ?? "none");
    if (eventId === undefined && !passed(one)) continue;
    if (one.seq !== undefined) void tx.objectStore("pending").delete(one.seq);
    void tx.objectStore("files").delete(one.txn_id);
    change.settled.push(one.txn_id);
    const deletes = eventId ?? one.event_id;
    if (!one.cancelled || deletes === undefined) continue;
    // It was taken back too late to stop it: in the same transaction, its deletion takes its place.
    void tx.objectStore("pending").add(deletionOf(one, deletes));
    change.unsent.push(one.room_id);
  }
}

function deletionOf(one: Pending, redacts: string): Pending {
  return { txn_id: `${one.txn_id}-back`, room_id: one.room_id, type: "m.room.redaction", content: {}, redacts, queued_at: Date.now(), state: "queued" };
}
