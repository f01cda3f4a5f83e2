// The server that these tests talk to: the real binary, on a free port, with its data in a temporary place. WARDLINE_BIN
// may name a binary that is already built.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

export const serverName = "northbrook.test";
export const password = "correct horse battery";

/** Starts a server that anyone may register on; `stop` ends it and deletes its data. */
export async function startServer() {
  return await start((data, listen) => [
    "serve", "--data", data, "--listen", listen, "--server-name", serverName, "--open-registration", "--no-rate-limits",
  ]);
}

/** Starts the demonstration trust, whose sign-ins are in `announced`. */
export async function startDemo() {
  return await start((data, listen) => ["demo", "--data", data, "--listen", listen, "--json"]);
}

async function start(args) {
  const dir = await mkdtemp(join(tmpdir(), "wardline-sdk-"));
  const binary = process.env.WARDLINE_BIN ?? (await build(join(dir, "wardline")));
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, args(join(dir, "data"), listen), { stdio: ["ignore", "pipe", "pipe"] });
  const server = { url: `http://${listen}`, announced: undefined };
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(-8_000)));
  const printed = lines(child.stdout, (line) => {
    if (line.startsWith("{")) server.announced = JSON.parse(line);
  });
  server.stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    await printed;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await ready(server.url, child, () => said);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function build(binary) {
  await promisify(execFile)("go", ["build", "-o", binary, "./cmd/wardline"], { cwd: root, env: { ...process.env, CGO_ENABLED: "0" } });
  return binary;
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function lines(stream, each) {
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    parts.forEach(each);
  }
}

/** Waits until the server answers; rejects with what the program said if it ends first. */
async function ready(url, child, said) {
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    if (child.exitCode !== null) throw new Error(`wardline ended with ${child.exitCode}:\n${said()}`);
    const answer = await fetch(`${url}/_wardline/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`wardline is not ready:\n${said()}`);
}
