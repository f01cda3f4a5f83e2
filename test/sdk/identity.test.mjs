// What a client sets up for its user when they sign in for the first time, with the SDK's own cryptography: device keys,
// cross-signing, secret storage, a backup of keys. Rooms are readable by the server all the same.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { signIn, signUp, startSync, until } from "./person.mjs";
import { password, startDemo, startServer } from "./server.mjs";

let server;
const clients = [];
before(async () => (server = await startServer()));
after(async () => {
  clients.forEach((client) => client.stopClient());
  await server?.stop();
});

test("an identity is made and other devices find it", { timeout: 60_000 }, async () => {
  let secret;
  const cryptoCallbacks = {
    getSecretStorageKey: async ({ keys }) => [Object.keys(keys)[0], secret],
    cacheSecretStorageKey: (_id, _info, key) => (secret = key),
  };
  const amira = await signUp(server.url, "amira", { cryptoCallbacks });
  const ben = await signUp(server.url, "ben");
  clients.push(amira, ben);
  for (const client of clients) {
    await client.initRustCrypto({ useIndexedDB: false });
    await startSync(client, server.url, "v3/sync");
  }
  const crypto = amira.getCrypto();
  const authUploadDeviceSigningKeys = (upload) =>
    upload({ type: "m.login.password", identifier: { type: "m.id.user", user: amira.getUserId() }, password });
  await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys });
  await crypto.bootstrapSecretStorage({
    createSecretStorageKey: () => crypto.createRecoveryKeyFromPassphrase(), setupNewSecretStorage: true, setupNewKeyBackup: true,
  });
  assert.equal(await crypto.isCrossSigningReady(), true);
  assert.equal(await crypto.isSecretStorageReady(), true);
  await until("the backup", () => crypto.getActiveSessionBackupVersion());

  const { room_id: roomId } = await amira.createRoom({
    invite: [ben.getUserId()], initial_state: [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }],
  });
  await ben.joinRoom(roomId);
  await until("amira's identity", async () => (await ben.getCrypto().userHasCrossSigningKeys(amira.getUserId(), true)) === true);
  // Ben does not follow amira's devices, since no room of theirs is encrypted: what he asks for comes from the server.
  await until("amira's device, signed by itself and by her", async () => {
    const devices = await ben.getCrypto().getUserDeviceInfo([amira.getUserId()], true);
    return devices.get(amira.getUserId())?.get(amira.getDeviceId())?.signatures.get(amira.getUserId())?.size === 2;
  });
  assert.equal(await crypto.isEncryptionEnabledInRoom(roomId), false, "rooms are readable by the trust");
  await amira.sendTextMessage(roomId, "in the clear");
  const clear = () => ben.getRoom(roomId)?.getLiveTimeline().getEvents().find((event) => event.getContent().body === "in the clear");
  assert.equal((await until("the message", clear)).getWireType(), "m.room.message");
});

test("people of the demonstration sign in and talk", { timeout: 120_000 }, async (t) => {
  const demo = await startDemo();
  t.after(demo.stop);
  const people = await Promise.all(demo.announced.users.slice(0, 2).map((user) => signIn(demo.url, user.user_id, user.password)));
  clients.push(...people);
  const [one, other] = people;
  await startSync(one, demo.url, "sliding sync");
  await startSync(other, demo.url, "v3/sync");
  const { room_id: roomId } = await one.createRoom({ is_direct: true, preset: "trusted_private_chat", invite: [other.getUserId()] });
  await other.joinRoom(roomId);
  const { event_id: eventId } = await one.sendTextMessage(roomId, "Are you on tonight?");
  await until("the message", () => other.getRoom(roomId)?.findEventById(eventId));
});
