// The demonstration trust that these tests talk to: the real binary, built from this checkout, on a free port with its
// data in a temporary place. WARDLINE_BIN may name a binary that is already built, and WARDLINE_DEMO hold the line that an
// already running `wardline demo --json` printed.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Starts the trust, with further arguments where a test needs them; `stop` ends it and deletes its data. */
export async function startDemo(...more) {
  if (process.env.WARDLINE_DEMO) return { ...JSON.parse(process.env.WARDLINE_DEMO), stop: async () => {} };
  const dir = await mkdtemp(join(tmpdir(), "wardline-browser-"));
  const binary = process.env.WARDLINE_BIN ?? (await build(join(dir, "wardline")));
  const child = spawn(binary, ["demo", "--listen", "127.0.0.1:0", "--data", join(dir, "data"), "--json", ...more], { stdio: ["ignore", "pipe", "pipe"] });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    return { ...(await announced(child)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(binary) {
  await promisify(execFile)("go", ["build", "-o", binary, "./cmd/wardline"], { cwd: root, env: { ...process.env, CGO_ENABLED: "0" } });
  return binary;
}

/** The line with the address and the sign-ins; rejects with what the program said if it ends first. */
async function announced(child) {
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-8_000)));
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`wardline demo ended with ${code}:\n${said}`)));
  });
}

/** The direct conversation of two people over the plain API, made if they have none. */
export async function directRoom(demo, one, other) {
  const [a, b] = await Promise.all([signInAs(demo, one), signInAs(demo, other)]);
  const body = { is_direct: true, invite: [other.user_id], preset: "trusted_private_chat" };
  const { room_id } = await api(demo, a, "POST", "createRoom", body);
  await api(demo, b, "POST", `rooms/${encodeURIComponent(room_id)}/join`, {});
  await api(demo, a, "PUT", `user/${encodeURIComponent(one.user_id)}/account_data/m.direct`, { [other.user_id]: [room_id] });
  await api(demo, b, "PUT", `user/${encodeURIComponent(other.user_id)}/account_data/m.direct`, { [one.user_id]: [room_id] });
  return room_id;
}

/** A named conversation of these people, the first of them its creator. */
export async function groupRoom(demo, name, people) {
  const tokens = await Promise.all(people.map((person) => signInAs(demo, person)));
  const body = { name, invite: people.slice(1).map((person) => person.user_id), preset: "private_chat" };
  const { room_id } = await api(demo, tokens[0], "POST", "createRoom", body);
  for (const token of tokens.slice(1)) await api(demo, token, "POST", `rooms/${encodeURIComponent(room_id)}/join`, {});
  return room_id;
}

/** Sends messages as a person, in order. */
export async function sayAll(demo, person, roomId, bodies) {
  const token = await signInAs(demo, person);
  for (const body of bodies) {
    const txn = `${Date.now()}${Math.random()}`;
    await api(demo, token, "PUT", `rooms/${encodeURIComponent(roomId)}/send/m.room.message/${txn}`, { msgtype: "m.text", body });
  }
}

/** Sends any event as a person; answers its id. */
export async function sendEvent(demo, person, roomId, type, content) {
  const txn = `${Date.now()}${Math.random()}`;
  return (await api(demo, await signInAs(demo, person), "PUT", `rooms/${encodeURIComponent(roomId)}/send/${type}/${txn}`, content)).event_id;
}

/** Uploads a file as a person; answers its mxc: address. */
export async function upload(demo, person, type, bytes) {
  const headers = { authorization: `Bearer ${await signInAs(demo, person)}`, "content-type": type };
  const response = await fetch(`${demo.url}/_matrix/media/v3/upload`, { method: "POST", headers, body: bytes });
  return (await response.json()).content_uri;
}

/** Invites a person whom nobody has let in yet. */
export async function invite(demo, inviter, name, invited) {
  const token = await signInAs(demo, inviter);
  return (await api(demo, token, "POST", "createRoom", { name, invite: [invited.user_id], preset: "private_chat" })).room_id;
}

/** Ends every session of a person, as a service desk would after a phone was lost. */
export async function revokeAll(demo, person) {
  await api(demo, await signInAs(demo, person), "POST", "logout/all", {});
}

const tokens = new Map();

/** A token of this person. */
export async function signInAs(demo, person) {
  const known = tokens.get(person.user_id);
  if (known) return known;
  const identifier = { type: "m.id.user", user: person.user_id };
  const body = { type: "m.login.password", identifier, password: person.password, initial_device_display_name: "browser tests" };
  const { access_token } = await api(demo, undefined, "POST", "login", body);
  tokens.set(person.user_id, access_token);
  return access_token;
}

/** Forgets a token that `revokeAll` has ended. */
export function forgetToken(person) {
  tokens.delete(person.user_id);
}

async function api(demo, token, method, path, body) {
  for (;;) {
    const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const response = await fetch(`${demo.url}/_matrix/client/v3/${path}`, { method, headers, body: JSON.stringify(body) });
    const answer = await response.json();
    if (response.ok) return answer;
    if (response.status !== 429) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, answer.retry_after_ms ?? 500));
  }
}

/** The latest messages of a room as a member may read them, oldest first. */
export async function messagesOf(demo, person, roomId) {
  const token = await signInAs(demo, person);
  const { chunk } = await api(demo, token, "GET", `rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=50`);
  return chunk.filter((event) => event.type === "m.room.message").reverse();
}

/** Deletes a message for everyone. */
export async function redact(demo, person, roomId, eventId) {
  const token = await signInAs(demo, person);
  await api(demo, token, "PUT", `rooms/${encodeURIComponent(roomId)}/redact/${encodeURIComponent(eventId)}/${Date.now()}${Math.random()}`, {});
}

/** Takes a person out of a conversation. */
export async function removeFrom(demo, owner, roomId, person) {
  await api(demo, await signInAs(demo, owner), "POST", `rooms/${encodeURIComponent(roomId)}/kick`, { user_id: person.user_id });
}
