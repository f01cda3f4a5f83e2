// What the web app costs a ward's phone: bytes at first load, time to a usable sign-in and to the list, and Lighthouse's
// scores. Prints a Markdown section for bench/RESULTS.md, and exits with 1 when a budget is missed.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import lighthouse from "lighthouse";
import { startDemo } from "../../test/browser/demo.mjs";
import { phone, signIn } from "../../test/browser/window.mjs";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

/** How often each time is taken; the median counts. */
const runs = Number(process.env.RUNS ?? 5);

/** Slow 4G as Lighthouse has it: 1.6 Mbit/s down, 0.75 up, 150 ms there and back; and a processor four times slower. */
const slow4G = { offline: false, downloadThroughput: (1.6e6 / 8) * 0.9, uploadThroughput: (0.75e6 / 8) * 0.9, latency: 150 };
const slowerBy = 4;

const budgets = { bytes: 100 * 1024, signInMs: 2_000, listMs: 1_000, score: 95 };

const rows = [];
let missed = false;

function record(what, reached, budget, good) {
  missed ||= !good;
  rows.push(`| ${what} | ${reached} | ${budget} | ${good ? "yes" : "no"} |`);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Everything the page names, as it is sent. */
async function firstLoad() {
  const dist = new URL("../../web/dist/", import.meta.url);
  const page = await readFile(new URL("index.html", dist), "utf8");
  const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((one) => one[1]);
  const sizes = await Promise.all(named.map(async (name) => [name, gzipSync(await readFile(new URL(name, dist)), { level: 9 }).length]));
  const sum = (kind) => sizes.filter(([name]) => name.endsWith(kind)).reduce((all, [, size]) => all + size, 0);
  return { script: sum(".js"), style: sum(".css") };
}

async function slowed(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", slow4G);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slowerBy });
}

/** Milliseconds from asking for the page until what `selector` names is on the screen. */
async function timeTo(page, url, selector) {
  await page.addInitScript((selector) => {
    new MutationObserver((_changes, watcher) => {
      if (!document.querySelector(selector)) return;
      watcher.disconnect();
      // Two frames: it is drawn, and the next task can be the reader's.
      requestAnimationFrame(() => requestAnimationFrame(() => (globalThis.shownAt = performance.now())));
    }).observe(document, { childList: true, subtree: true });
  }, selector);
  await page.goto(url, { waitUntil: "commit" });
  return await (await page.waitForFunction(() => globalThis.shownAt, undefined, { timeout: 60_000 })).jsonValue();
}

async function coldSignIn(browser, url) {
  const context = await browser.newContext({ ...phone, locale: "en-GB" });
  const page = await context.newPage();
  await slowed(page);
  const time = await timeTo(page, url, "form button[type=submit]");
  await context.close();
  return time;
}

async function warmList(browser, demo) {
  const context = await browser.newContext({ ...phone, locale: "en-GB" });
  const first = await context.newPage();
  await first.goto(demo.url);
  await signIn(first, demo.users[0]);
  await first.locator("[data-room]").first().waitFor();
  const times = [];
  for (let run = 0; run < runs; run++) {
    const page = await context.newPage();
    await slowed(page);
    times.push(await timeTo(page, demo.url, "[data-room]"));
    await page.close();
  }
  await context.close();
  return median(times);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Lighthouse's scores, in percent, of the sign-in page and of the list of somebody who is signed in. */
async function scores(demo) {
  const [port, profile] = [await freePort(), await mkdtemp(join(tmpdir(), "wardline-lighthouse-"))];
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, locale: "en-GB", args: ["--no-sandbox", "--disable-gpu", `--remote-debugging-port=${port}`] });
  try {
    const found = { "sign-in": await scored(demo.url, port) };
    const page = await context.newPage();
    await page.goto(demo.url);
    await signIn(page, demo.users[0]);
    await page.locator("[data-room]").first().waitFor();
    await page.close();
    found.list = await scored(demo.url, port);
    return found;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

async function scored(url, port) {
  const onlyCategories = ["performance", "accessibility", "best-practices"];
  const { lhr } = await lighthouse(url, { port, output: "json", logLevel: "error", onlyCategories, disableStorageReset: true });
  for (const audit of Object.values(lhr.audits)) {
    if (audit.score !== null && audit.score < 0.9 && process.env.VERBOSE) console.error(`${audit.id}: ${audit.score} ${audit.displayValue ?? ""}`);
  }
  return Object.fromEntries(onlyCategories.map((id) => [id, Math.round(lhr.categories[id].score * 100)]));
}

const demo = await startDemo();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const { script, style } = await firstLoad();
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  record("script and style at first load, compressed", `${kib(script + style)} (${kib(script)} script)`, kib(budgets.bytes), script + style <= budgets.bytes);
  const cold = [];
  for (let run = 0; run < runs; run++) cold.push(await coldSignIn(browser, demo.url));
  record("usable sign-in, nothing cached, slow 4G, 4 × slower processor", `${Math.round(median(cold))} ms`, `${budgets.signInMs} ms`, median(cold) <= budgets.signInMs);
  const list = await warmList(browser, demo);
  record("the list, warm, likewise", `${Math.round(list)} ms`, `${budgets.listMs} ms`, list <= budgets.listMs);
  await browser.close();
  for (const [screen, found] of Object.entries(await scores(demo))) {
    for (const [category, score] of Object.entries(found)) record(`Lighthouse, ${screen}: ${category}`, String(score), `${budgets.score}`, score >= budgets.score);
  }
} finally {
  await browser.close();
  await demo.stop();
}
console.log(["### The web app", "", "| what | reached | budget | |", "|---|---:|---:|---|", ...rows].join("\n"));
process.exitCode = missed ? 1 : 0;
