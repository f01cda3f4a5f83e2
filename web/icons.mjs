// Draws the app's mark in the sizes that systems ask for: node icons.mjs, after a change of src/icon.svg. The results are committed.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const out = new URL("src/icons/", import.meta.url);
const mark = await readFile(new URL("src/icon.svg", import.meta.url), "utf8");

/** The mark alone, the line cut out of it: of some icons systems take the shape only, and give the colour. */
const [bubble, line] = mark.match(/<path[^>]*>/g);
const cut = `<mask id="cut"><rect width="64" height="64" fill="#fff"/>${line.replace("#005eb8", "#000")}</mask>`;
const shape = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="8 8 48 48">${cut}<g mask="url(#cut)">${bubble}</g></svg>`;

/** Systems cut a maskable icon to a shape of their own: only the middle four fifths are sure to be seen. */
const square = mark.replace(/ rx="14"/, "");
const centred = square.replace(/(<rect[^>]*>)(.*)<\/svg>/, '$1<g transform="translate(3.2 3.2) scale(.9)">$2</g></svg>');

const icons = [
  { name: "icon-192.png", size: 192, svg: mark },
  { name: "icon-512.png", size: 512, svg: mark },
  { name: "maskable-512.png", size: 512, svg: centred },
  { name: "apple-touch.png", size: 180, svg: square },
  { name: "badge.png", size: 96, svg: shape },
];

await mkdir(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const { name, size, svg } of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>html,body{margin:0;background:none}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await writeFile(new URL(name, out), await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
