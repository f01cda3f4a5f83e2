// A push service of the tests' own: it takes what the server pushes (RFC 8030), decrypts it as the browser would (RFC 8291) and
// hands it to the real service worker through the debugging protocol. Chromium has no push service without Google's network, so
// the page's subscribing alone is stood in for.

import assert from "node:assert/strict";
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";

export class PushService {
  #ecdh = createECDH("prime256v1");
  #auth = randomBytes(16);
  #workers = [];
  /** What was taken: the headers and the decrypted text. */
  taken = [];
  /** The status to answer; 201 unless a test says otherwise. */
  answer = 201;
  /** Whether what is taken is passed on to the browser. */
  delivering = true;

  async start() {
    this.#ecdh.generateKeys();
    this.server = createServer((request, response) => void this.#take(request, response));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async stop() {
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #take(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.writeHead(this.answer).end();
    if (this.answer !== 201) return;
    const text = this.#open(Buffer.concat(chunks));
    this.taken.push({ headers: request.headers, text });
    if (this.delivering) await Promise.all(this.#workers.map((deliver) => deliver(text)));
  }

  #open(body) {
    const [salt, length] = [body.subarray(0, 16), body[20]];
    const [sender, sealed] = [body.subarray(21, 21 + length), body.subarray(21 + length)];
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), this.#ecdh.getPublicKey(), sender]);
    const ikm = hkdfSync("sha256", this.#ecdh.computeSecret(sender), this.#auth, info, 32);
    const key = Buffer.from(hkdfSync("sha256", ikm, salt, "Content-Encoding: aes128gcm\0", 16));
    const nonce = Buffer.from(hkdfSync("sha256", ikm, salt, "Content-Encoding: nonce\0", 12));
    const open = createDecipheriv("aes-128-gcm", key, nonce);
    open.setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([open.update(sealed.subarray(0, -16)), open.final()]);
    const end = padded.lastIndexOf(2);
    assert.ok(end > 0 && padded.subarray(end + 1).every((byte) => byte === 0), "one last record, padded with zeros");
    return padded.subarray(0, end).toString();
  }

  /** Has windows of a context subscribe here. Call it before the first page is opened. */
  async serve(context) {
    await context.grantPermissions(["notifications"]);
    const encode = (bytes) => bytes.toString("base64url");
    await context.addInitScript(standIn, { endpoint: `${this.url}/push/1`, keys: { p256dh: encode(this.#ecdh.getPublicKey()), auth: encode(this.#auth) } });
  }

  /** Has pushes reach the service worker of a page. */
  async reach(page) {
    const session = await page.context().newCDPSession(page);
    let known;
    const registered = new Promise((resolve) => {
      session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        for (const one of registrations) if (!one.isDeleted) known = one.registrationId;
        if (known !== undefined) resolve();
      });
    });
    await session.send("ServiceWorker.enable");
    await registered;
    const { origin } = new URL(page.url());
    this.#workers.push((data) => session.send("ServiceWorker.deliverPushMessage", { origin, registrationId: known, data }));
  }
}

/** Runs in the page, before its own scripts: PushManager as it would be with a push service in reach. */
function standIn(subscription) {
  const kept = "test.push";
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0)).buffer;
  const made = (serverKey) => ({
    endpoint: subscription.endpoint,
    options: { applicationServerKey: bytes(serverKey), userVisibleOnly: true },
    toJSON: () => ({ ...subscription, expirationTime: null }),
    unsubscribe: async () => {
      localStorage.removeItem(kept);
      return true;
    },
  });
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new DOMException("every push must be shown", "NotAllowedError");
    localStorage.setItem(kept, applicationServerKey);
    return made(applicationServerKey);
  };
  PushManager.prototype.getSubscription = async () => {
    const serverKey = localStorage.getItem(kept);
    return serverKey === null ? null : made(serverKey);
  };
}
