// Somebody with the SDK's own client: signed in, and syncing in one of its two ways.

import "./quiet.mjs"; // before the SDK

import assert from "node:assert/strict";
import * as sdk from "matrix-js-sdk";
import { SlidingSync } from "matrix-js-sdk/lib/sliding-sync.js";

import { password } from "./server.mjs";

const state = ["m.room.create", "m.room.name", "m.room.topic", "m.room.join_rules", "m.room.power_levels", "m.room.tombstone", "m.space.child"];

/** How the SDK syncs: each takes a client and gives the options of startClient. */
export const syncs = {
  "v3/sync": () => ({}),
  "sliding sync": (client, url) => {
    const wants = { timeline_limit: 30, required_state: [...state.map((type) => [type, "*"]), ["m.room.member", "$LAZY"], ["m.room.member", "$ME"]] };
    const lists = new Map([["all", { ...wants, ranges: [[0, 20]] }]]);
    return { slidingSync: new SlidingSync(url, lists, wants, client, 10_000) };
  },
};

/** Registers a person and signs them in anew; they do not sync yet. */
export async function signUp(url, name, options = {}) {
  const guest = sdk.createClient({ baseUrl: url });
  await guest.registerRequest({ username: name, password, inhibit_login: true, auth: { type: "m.login.dummy" } });
  return await signIn(url, name, password, options);
}

/** Signs a person in. */
export async function signIn(url, user, secret, options = {}) {
  const guest = sdk.createClient({ baseUrl: url });
  const { flows } = await guest.loginFlows();
  assert.ok(flows.some((flow) => flow.type === "m.login.password"));
  const session = await guest.loginRequest({
    type: "m.login.password", identifier: { type: "m.id.user", user }, password: secret, initial_device_display_name: "SDK",
  });
  return sdk.createClient({
    baseUrl: url, userId: session.user_id, deviceId: session.device_id, accessToken: session.access_token, timelineSupport: true,
    ...options,
  });
}

/** Starts a client in one of the ways and waits until it has synced once. */
export async function startSync(client, url, how) {
  await client.startClient({ initialSyncLimit: 30, lazyLoadMembers: true, threadSupport: true, ...syncs[how](client, url) });
  await until("the first sync", () => ["PREPARED", "SYNCING"].includes(client.getSyncState()));
}

/** Waits until a condition gives something true, and gives it. */
export async function until(what, condition) {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`waited in vain for ${what}`);
}

/** Asserts that the server refuses with a code. */
export async function refused(promise, status, code) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.httpStatus, error.errcode], [status, code], String(error));
    return true;
  });
}
