// How the timeline behaves in a conversation of 50,000 messages, in a real Chromium: frames per second while scrolling back
// through it, the longest task meanwhile, the time to open it, the scripting between a key and its letter, and the heap.
// It measures and asserts nothing. Usage: node bench/web/timeline.mjs [messages]

import { groupRoom, signInAs, startDemo } from "../../test/browser/demo.mjs";
import { launch, openRoom, signedIn } from "../../test/browser/window.mjs";

const messages = Number(process.argv[2] ?? 50_000);
const lanes = 24;
const scrollSeconds = 20;

const demo = await startDemo();
const browser = await launch();
try {
  const [reader, ...writers] = demo.users.slice(0, 7);
  const room = await groupRoom(demo, `History of ${messages}`, [reader, ...writers]);
  const began = performance.now();
  await fill(room, writers);
  print("messages sent per second", messages / seconds(began));
  const page = await signedIn(browser, demo, reader);
  const opening = performance.now();
  await openRoom(page, room);
  await page.locator(".message").first().waitFor();
  print("opened after, ms", performance.now() - opening);
  await page.evaluate(watch);
  print("typing, ms of scripting a key (median, most)", await typing(page));
  const cpu = await threadTime(page);
  const scrolled = await page.evaluate(scrollBack, scrollSeconds);
  const spent = await cpu();
  print("scrolling back: frames per second", scrolled.frames / scrolled.seconds);
  print("  frames longer than 20 ms, of all", `${scrolled.slow} of ${scrolled.frames}`);
  print("  slowest frame, ms", scrolled.slowest);
  print("  longest task, ms", scrolled.longest);
  print("  messages passed", scrolled.passed);
  print("  items in the page at most", scrolled.most);
  print("  processor time a frame on the main thread, ms", (spent.TaskDuration * 1000) / scrolled.frames);
  print("  of it script, ms", (spent.ScriptDuration * 1000) / scrolled.frames);
  print("heap, MB", await heap(page));
} finally {
  await browser.close();
  await demo.stop();
}

function seconds(since) {
  return (performance.now() - since) / 1000;
}

function print(what, value) {
  console.log(`${what}: ${typeof value === "number" ? value.toFixed(1) : value}`);
}

/** Messages of all lengths, from several people, each lane in its own order. */
async function fill(room, writers) {
  const tokens = await Promise.all(writers.map((writer) => signInAs(demo, writer)));
  let next = 0;
  const lane = async (at) => {
    while (next < messages) {
      const number = next++;
      const body = `${number} ${"obs stable, bloods sent, plan discussed ".repeat(number % 7 === 0 ? 6 : number % 3)}`.trim();
      await send(room, tokens[at % tokens.length], number, body);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, at) => lane(at)));
}

async function send(room, token, number, body) {
  const url = `${demo.url}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/fill${number}`;
  for (;;) {
    const response = await fetch(url, { method: "PUT", headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ msgtype: "m.text", body }) });
    const answer = await response.json();
    if (response.ok) return;
    if (response.status !== 429) throw new Error(JSON.stringify(answer));
    await new Promise((resolve) => setTimeout(resolve, answer.retry_after_ms ?? 200));
  }
}

/** In the page: keeps the longest task from now on. */
function watch() {
  globalThis.longest = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, entry.duration);
  }).observe({ type: "longtask" });
}

/** Scripting from the key to the end of its microtasks, for each of many keys. */
async function typing(page) {
  await page.locator("#composer").focus();
  await page.evaluate(() => {
    globalThis.keys = [];
    const field = document.getElementById("composer");
    let began = 0;
    addEventListener("keydown", () => (began = performance.now()), true);
    field.addEventListener("input", () => setTimeout(() => globalThis.keys.push(performance.now() - began)));
  });
  for (let i = 0; i < 60; i++) await page.keyboard.press("KeyA");
  const times = (await page.evaluate(() => globalThis.keys)).sort((a, b) => a - b);
  await page.locator("#composer").fill("");
  return `${times[times.length >> 1]?.toFixed(1)}, ${times.at(-1)?.toFixed(1)}`;
}

/** In the page: scrolls towards the beginning as a quick finger would, counting frames. */
async function scrollBack(wanted) {
  const box = document.querySelector(".timeline");
  globalThis.longest = 0;
  const passed = new Set();
  const result = { frames: 0, slow: 0, slowest: 0, most: 0, seconds: 0 };
  const began = performance.now();
  let last = began;
  await new Promise((resolve) => {
    const frame = (now) => {
      const took = now - last;
      last = now;
      if (result.frames++ > 0) {
        if (took > 20) result.slow++;
        result.slowest = Math.max(result.slowest, took);
      }
      const shown = box.querySelectorAll("[data-key]");
      result.most = Math.max(result.most, shown.length);
      if (result.frames % 10 === 0) for (const one of shown) passed.add(one.dataset.key);
      box.scrollTop -= 60;
      if (now - began > wanted * 1000) return resolve();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return { ...result, seconds: (performance.now() - began) / 1000, passed: passed.size, longest: globalThis.longest };
}

/** Processor time of the page's main thread from now on: unlike frames, it does not suffer from what else the machine does. */
async function threadTime(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map((one) => [one.name, one.value]));
  const before = await read();
  return async () => {
    const after = await read();
    return Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
  };
}

async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize / 1e6;
}
