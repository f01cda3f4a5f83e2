// A small Matrix server over real HTTP, for testing what a real one will not do on demand: fail, lose answers, forget
// positions, revoke tokens. It speaks only what this app speaks. Nothing outside tests uses it.

import { createServer } from "node:http";

/** @typedef {{ event_id: string, type: string, sender: string, origin_server_ts: number, content: any, state_key?: string, room_id: string, txn?: string, device?: string }} Event */

export class FakeServer {
  users = new Map();
  rooms = new Map();
  tokens = new Map();
  refreshes = new Map();
  connections = new Map();
  requests = [];
  waiting = new Set();
  /** The files: type, bytes and who reserved them, by media id. */
  media = new Map();
  clock = Date.UTC(2026, 10, 20, 9, 0, 0);
  #next = 1;
  #failures = [];
  #http = createServer((request, response) => void this.#serve(request, response));

  /** Listens on a free port of the loopback and answers its address. */
  async start(port = 0) {
    await new Promise((done) => this.#http.listen(port, "127.0.0.1", done));
    this.port = this.#http.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.#http.closeAllConnections();
    await new Promise((done) => this.#http.close(done));
  }

  addUser(name, password, displayName) {
    const id = `@${name}:fake.test`;
    this.users.set(id, { id, name, password, displayName });
    return id;
  }

  addRoom(name, members, { direct = false } = {}) {
    const id = `!room${this.#next++}`;
    this.rooms.set(id, { id, name, direct, events: [], receipts: new Map(), typing: new Set(), typingAt: 0, receiptsAt: 0, members: new Map() });
    this.post(id, members[0], "m.room.create", {}, { state_key: "" });
    for (const user of members) this.member(id, user, "join");
    return id;
  }

  member(roomId, user, membership, sender = user) {
    const content = { membership, displayname: this.users.get(user)?.displayName };
    this.rooms.get(roomId).members.set(user, membership);
    return this.post(roomId, sender, "m.room.member", content, { state_key: user });
  }

  /** Appends an event and wakes those who wait. */
  post(roomId, sender, type, content, extra = {}) {
    const position = this.#next++;
    this.clock += 1000;
    const event = { event_id: `$e${position}`, type, sender, origin_server_ts: this.clock, content, position, ...extra };
    const room = this.rooms.get(roomId);
    if (type === "m.room.redaction") redact(room, event);
    room.events.push(event);
    this.#wake();
    return event;
  }

  say(roomId, sender, body) {
    return this.post(roomId, sender, "m.room.message", { msgtype: "m.text", body });
  }

  setTyping(roomId, users) {
    const room = this.rooms.get(roomId);
    room.typing = new Set(users);
    room.typingAt = this.#next++;
    this.#wake();
  }

  read(roomId, user, eventId) {
    const room = this.rooms.get(roomId);
    room.receipts.set(user, eventId);
    room.receiptsAt = this.#next++;
    this.#wake();
  }

  /**
   * The next requests whose "METHOD /path" matches are answered so. `lost` carries the request out and drops the answer,
   * `dropped` drops the request itself.
   */
  fail(match, answer, times = 1) {
    this.#failures.push({ match, answer, times });
  }

  /** Nothing fails any more. */
  recover() {
    this.#failures = [];
  }

  /** Forgets where every connection was. */
  forgetPositions() {
    this.connections.clear();
    this.#wake();
  }

  /** Access tokens stop working; refresh tokens too, if asked. */
  expireTokens({ refresh = false } = {}) {
    this.tokens.clear();
    if (refresh) this.refreshes.clear();
    this.#wake();
  }

  sent(match) {
    return this.requests.filter((one) => match.test(one.line));
  }

  #wake() {
    for (const wake of [...this.waiting]) wake();
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.url);
    const line = `${request.method} ${url.pathname}`;
    const body = await readBody(request);
    const failure = this.#failures.find((one) => one.times > 0 && one.match.test(line));
    if (failure) failure.times--;
    if (failure?.answer === "dropped") return void request.socket.destroy();
    const at = this.requests.push({ line, body, query: Object.fromEntries(url.searchParams), at: Date.now() }) - 1;
    const answer = failure && failure.answer !== "lost" ? failure.answer : await this.#answer(request, url, body);
    this.requests[at].status = answer.status ?? 200;
    if (failure?.answer === "lost") return void request.socket.destroy();
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(JSON.stringify(answer.body ?? {}));
  }

  async #answer(request, url, body) {
    const path = url.pathname.replace("/_matrix/client", "");
    if (path === "/v3/login") return this.#login(body);
    if (path === "/v3/refresh") return this.#refresh(body);
    const device = this.tokens.get((request.headers.authorization ?? "").replace("Bearer ", ""));
    if (!device) return refuse(401, "M_UNKNOWN_TOKEN");
    if (path === "/v3/logout") return this.#logout(request);
    if (path.startsWith("/_matrix/media/")) return this.#media(request, device, path, body);
    if (path === "/v1/media/config") return { body: { "m.upload.size": 1_000_000 } };
    if (path.endsWith("simplified_msc3575/sync")) return await this.#sync(request, device, url, body);
    const [, , , roomId, verb, ...rest] = path.split("/").map(decodeURIComponent);
    const room = this.rooms.get(roomId);
    if (!room) return refuse(404, "M_NOT_FOUND");
    return this.#room(request.method, room, device, verb, rest, url, body);
  }

  #login({ identifier, password }) {
    const user = [...this.users.values()].find((one) => one.name === identifier.user || one.id === identifier.user);
    if (!user || user.password !== password) return refuse(403, "M_FORBIDDEN");
    return this.#session({ user: user.id, id: `D${this.#next++}`, txns: new Map() });
  }

  #session(device) {
    const token = `t${this.#next++}`;
    const refresh = `r${this.#next++}`;
    this.tokens.set(token, device);
    this.refreshes.set(refresh, device);
    return { body: { user_id: device.user, device_id: device.id, access_token: token, refresh_token: refresh, expires_in_ms: 300_000 } };
  }

  #refresh({ refresh_token }) {
    const device = this.refreshes.get(refresh_token);
    if (!device) return refuse(401, "M_UNKNOWN_TOKEN");
    this.refreshes.delete(refresh_token);
    return this.#session(device);
  }

  #logout(request) {
    this.tokens.delete((request.headers.authorization ?? "").replace("Bearer ", ""));
    return {};
  }

  #room(method, room, device, verb, rest, url, body) {
    switch (`${method} ${verb}`) {
      case "PUT send":
        return this.#send(room, device, rest[0], rest[1], body);
      case "PUT redact":
        return this.#redact(room, device, rest[0], rest[1], body);
      case "PUT typing":
        this.setTyping(room.id, body.typing ? [device.user] : []);
        return {};
      case "POST receipt":
        this.read(room.id, device.user, rest[1]);
        return {};
      case "POST join":
        this.member(room.id, device.user, "join");
        return {};
      case "POST leave":
        this.member(room.id, device.user, "leave");
        return {};
      case "GET messages":
        return this.#messages(room, url);
      case "GET context":
        return this.#context(room, rest[0], Number(url.searchParams.get("limit") ?? 10));
      default:
        return refuse(404, "M_UNRECOGNIZED");
    }
  }

  #send(room, device, type, txn, content) {
    const done = device.txns.get(`${room.id} ${txn}`);
    if (done) return { body: { event_id: done } };
    if (room.members.get(device.user) !== "join") return refuse(403, "M_FORBIDDEN");
    const event_id = `$e${this.#next}`;
    device.txns.set(`${room.id} ${txn}`, event_id);
    this.post(room.id, device.user, type, content, { txn, device: device.id });
    return { body: { event_id } };
  }

  #media(request, device, path, body) {
    if (path.endsWith("/create")) {
      const id = `m${this.#next++}`;
      this.media.set(id, { user: device.user });
      return { body: { content_uri: `mxc://fake.test/${id}` } };
    }
    const file = this.media.get(path.split("/").at(-1));
    if (!file || file.user !== device.user) return refuse(404, "M_NOT_FOUND");
    if (file.bytes) return refuse(409, "M_CANNOT_OVERWRITE_MEDIA");
    if (body.length > 1_000_000) return refuse(413, "M_TOO_LARGE");
    file.bytes = body;
    file.type = request.headers["content-type"];
    return {};
  }

  #redact(room, device, target, txn, body) {
    const done = device.txns.get(`${room.id} redact ${txn}`);
    if (done) return { body: { event_id: done } };
    const { event_id } = this.post(room.id, device.user, "m.room.redaction", { ...body, redacts: target }, { txn, device: device.id });
    device.txns.set(`${room.id} redact ${txn}`, event_id);
    return { body: { event_id } };
  }

  #context(room, eventId, limit) {
    const at = room.events.findIndex((one) => one.event_id === eventId);
    if (at < 0) return refuse(404, "M_NOT_FOUND");
    const half = Math.floor(limit / 2);
    const before = room.events.slice(Math.max(0, at - half), at);
    const after = room.events.slice(at + 1, at + 1 + half);
    const [first, last] = [before[0] ?? room.events[at], after.at(-1) ?? room.events[at]];
    const all = { events_before: before.reverse().map((one) => shown(one)), event: shown(room.events[at]), events_after: after.map((one) => shown(one)) };
    return { body: { ...all, start: `p${first.position}`, end: `p${last.position + 1}`, state: [] } };
  }

  /** A position stands before the event of that number. */
  #messages(room, url) {
    const from = Number((url.searchParams.get("from") ?? `p${this.#next}`).slice(1));
    const limit = Number(url.searchParams.get("limit"));
    const back = url.searchParams.get("dir") === "b";
    const page = back ? room.events.filter((one) => one.position < from).slice(-limit) : room.events.filter((one) => one.position >= from).slice(0, limit);
    const edge = back ? page[0] : page.at(-1);
    const more = edge && edge !== (back ? room.events[0] : room.events.at(-1));
    const state = [...new Set(page.map((one) => one.sender))].map((user) => room.events.find((one) => one.type === "m.room.member" && one.state_key === user));
    const chunk = (back ? page.reverse() : page).map((one) => shown(one));
    const end = edge && `p${back ? edge.position : edge.position + 1}`;
    return { body: { chunk, state: state.filter(Boolean), start: url.searchParams.get("from"), ...(more ? { end } : {}) } };
  }

  async #sync(request, device, url, body) {
    const key = `${device.user} ${device.id} ${body.conn_id}`;
    const pos = url.searchParams.get("pos");
    if (pos !== null && this.connections.get(key)?.pos !== pos) return refuse(400, "M_UNKNOWN_POS");
    const state = this.connections.get(key) ?? { pos: "0", at: 0, sent: new Set() };
    const until = Date.now() + Number(url.searchParams.get("timeout") ?? 0);
    for (;;) {
      const answer = this.#news(device, body, state);
      if (!this.tokens.has((request.headers.authorization ?? "").replace("Bearer ", ""))) return refuse(401, "M_UNKNOWN_TOKEN");
      if (pos !== null && !this.connections.has(key)) return refuse(400, "M_UNKNOWN_POS");
      if (pos === null || answer.news || Date.now() >= until || request.socket.destroyed) {
        if (!request.socket.destroyed) this.connections.set(key, answer.state);
        return { body: answer.body };
      }
      await this.#wait(until - Date.now(), request.socket);
    }
  }

  async #wait(ms, socket) {
    await new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        socket.off("close", done);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      socket.on("close", done);
      this.waiting.add(done);
    });
  }

  #news(device, body, state) {
    const mine = [...this.rooms.values()].filter((room) => ["join", "invite"].includes(room.members.get(device.user)) || (state.sent.has(room.id) && room.members.has(device.user)));
    mine.sort((a, b) => b.events.at(-1).position - a.events.at(-1).position);
    const [[, last]] = body.lists.all.ranges;
    const wanted = new Set([...mine.slice(0, last + 1).map((room) => room.id), ...Object.keys(body.room_subscriptions ?? {})]);
    const sent = new Set(state.sent);
    const rooms = {};
    const receipts = {};
    const typing = {};
    for (const room of mine.filter((one) => wanted.has(one.id))) {
      const since = sent.has(room.id) ? state.at : 0;
      const fresh = room.events.filter((one) => one.position > since);
      if (fresh.length > 0) rooms[room.id] = this.#roomResult(room, device, fresh, since === 0, body.lists.all.timeline_limit);
      if (room.receiptsAt > since) receipts[room.id] = { type: "m.receipt", content: receiptContent(room) };
      if (room.typingAt > since) typing[room.id] = { type: "m.typing", content: { user_ids: [...room.typing] } };
      if (room.receiptsAt > since && !rooms[room.id]) rooms[room.id] = { notification_count: unread(room, device.user) };
      sent.add(room.id);
    }
    const at = this.#next - 1;
    const news = [rooms, receipts, typing].some((one) => Object.keys(one).length > 0);
    const next = { pos: `${Number(state.pos) + 1}`, at, sent };
    return { news, state: next, body: { pos: next.pos, lists: { all: { count: mine.length } }, rooms, extensions: { receipts: { rooms: receipts }, typing: { rooms: typing } } } };
  }

  #roomResult(room, device, fresh, initial, limit) {
    const timeline = fresh.slice(-limit);
    if (room.members.get(device.user) === "invite") return { initial, bump_stamp: timeline.at(-1).position, invite_state: invitation(room, device.user) };
    const people = new Set([...timeline.map((one) => one.sender), device.user]);
    const others = [...room.members.keys()].filter((user) => user !== device.user);
    return {
      ...(initial ? { initial: true, is_dm: room.direct, ...(room.name ? { name: room.name } : { heroes: others.map((user) => ({ user_id: user, displayname: this.users.get(user)?.displayName })) }) } : {}),
      required_state: room.events.filter((one) => one.type === "m.room.member" && people.has(one.state_key)),
      timeline: timeline.map((one) => shown(one, device)),
      limited: fresh.length > limit,
      prev_batch: `p${timeline[0].position}`,
      bump_stamp: room.events.at(-1).position,
      joined_count: [...room.members.values()].filter((one) => one === "join").length,
      notification_count: unread(room, device.user),
      highlight_count: 0,
    };
  }
}

function shown({ txn, device, position: _, ...event }, to) {
  return txn && to && device === to.id ? { ...event, unsigned: { transaction_id: txn } } : event;
}

function redact(room, redaction) {
  const target = room.events.find((one) => one.event_id === redaction.content.redacts);
  if (target) Object.assign(target, { content: {}, unsigned: { redacted_because: redaction } });
}

function invitation(room, user) {
  const own = room.events.findLast((one) => one.type === "m.room.member" && one.state_key === user);
  const inviter = room.events.find((one) => one.type === "m.room.member" && one.state_key === own.sender);
  const name = room.name ? [{ type: "m.room.name", state_key: "", sender: own.sender, content: { name: room.name } }] : [];
  return [own, inviter, ...name].map(({ type, state_key, sender, content }) => ({ type, state_key, sender, content }));
}

function receiptContent(room) {
  const content = {};
  for (const [user, event] of room.receipts) ((content[event] ??= {})["m.read"] ??= {})[user] = { ts: 1 };
  return content;
}

function unread(room, user) {
  const read = room.events.findIndex((one) => one.event_id === room.receipts.get(user));
  return room.events.slice(read + 1).filter((one) => one.type === "m.room.message" && one.sender !== user).length;
}

function refuse(status, errcode, extra = {}) {
  return { status, body: { errcode, error: errcode, ...extra } };
}

/** JSON as a value, anything else as bytes; undefined when the request ended before its body did. */
async function readBody(request) {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return undefined;
  }
  const bytes = Buffer.concat(chunks);
  if (request.headers["content-type"] !== "application/json") return bytes;
  return bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
}
