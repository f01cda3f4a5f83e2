// What a person reads is in a catalogue, and every catalogue speaks every language in full.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { effect } from "@preact/signals";
import { afterEach, describe, expect, test } from "vitest";
import { parseSync } from "vite";
import { catalogue, worded, type Table } from "./catalogue";
import welsh from "./cy";
import { speak } from "./language";
import { words } from "./words";

afterEach(() => speak("en"));

const src = join(import.meta.dirname, "..");
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile())
  .map((file) => relative(src, join(file.parentPath, file.name)));
const features = files.filter((file) => /(^|\/)words\.ts$/.test(file)).map((file) => file.replace(/\/words\.ts$/, ""));

/** Every string and function of a table by its path, with what it is and how many values it takes. */
function entries(table: Table, path = ""): Map<string, Table[string]> {
  const found = new Map<string, Table[string]>();
  for (const [key, value] of Object.entries(table)) {
    if (typeof value !== "object") found.set(path + key, value);
    else for (const [below, leaf] of entries(value, `${path}${key}.`)) found.set(below, leaf);
  }
  return found;
}

/** English words that Welsh writes the same way. Names, signs and codes need no entry. */
const alike = /^(Wardline|PIN|GIF|PDF|Bluetooth|STAT|[^\p{L}]*|[A-Z]{1,4})$/u;

describe("every feature's Welsh is complete", () => {
  test("there are features", () => expect(features.length).toBeGreaterThan(5));

  test.each(features)("%s", async (feature) => {
    const source = readFileSync(join(src, feature, "words.ts"), "utf8");
    const name = /catalogue\("([^"]+)"/.exec(source)?.[1] ?? "";
    const english = entries(((await import(/* @vite-ignore */ join(src, feature, "words.ts"))) as { words: Table }).words);
    const theirs = (await import(/* @vite-ignore */ join(src, feature, "words.cy.ts"))) as { default: Table };
    expect(name, "the catalogue is named as its folder").toBe(feature);
    expect((welsh as Record<string, Table>)[name], "words/cy.ts lists it").toBe(theirs.default);
    const other = entries(theirs.default);
    expect([...other.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, value] of other) {
      expect(typeof value, key).toBe(typeof english.get(key));
      if (typeof value !== "string") continue;
      expect(value.trim(), `${key} says something`).not.toBe("");
      if (!alike.test(value)) expect(value, `${key} is still in English`).not.toBe(english.get(key));
    }
  });
});

interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

const readAloud = /^(aria-label|aria-description|aria-roledescription|aria-valuetext|aria-placeholder|title|alt|placeholder|label)$/;

/** The text in a view's source that a person would read: between tags, or in an attribute that is shown or spoken. */
function literals(name: string, source: string): string[] {
  const { program, errors } = parseSync(name, source);
  expect(errors).toEqual([]);
  const found: string[] = [];
  const isWord = (text: string) => /\p{L}/u.test(text);
  // A literal stands there itself, or is one way of a choice: `{open ? "Close" : "Open"}`.
  const shown = (node: Node | null | undefined): void => {
    if (!node) return;
    if (node.type === "JSXExpressionContainer") shown(node.expression as Node);
    if (node.type === "ConditionalExpression") [node.consequent, node.alternate].forEach((way) => shown(way as Node));
    if (node.type === "LogicalExpression") [node.left, node.right].forEach((way) => shown(way as Node));
    if ((node.type === "Literal" || node.type === "JSXText") && typeof node.value === "string" && isWord(node.value)) found.push(node.value.trim());
    if (node.type === "TemplateLiteral") for (const part of node.quasis as { value: { cooked: string } }[]) if (isWord(part.value.cooked)) found.push(part.value.cooked);
  };
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    if (typeof node !== "object" || node === null || !("type" in node)) return;
    const one = node as Node;
    if (one.type === "JSXElement" || one.type === "JSXFragment") (one.children as Node[]).forEach(shown);
    if (one.type === "JSXAttribute" && readAloud.test(String((one.name as { name: unknown }).name))) shown(one.value as Node);
    Object.values(one).forEach(visit);
  };
  visit(program);
  return found;
}

describe("no view holds words of its own", () => {
  test.each(files.filter((file) => file.endsWith(".tsx")))("%s", (file) => {
    expect(literals(file, readFileSync(join(src, file), "utf8"))).toEqual([]);
  });

  test("the search finds them where they are", () => {
    const source = 'const a = <p title="Tip" class="x">{open ? "Close" : say.open} and <b aria-label={`Go ${n}`}>{"1 "}</b> – </p>;';
    expect(literals("a.tsx", source).sort()).toEqual(["Close", "Go ", "Tip", "and"]);
  });
});

test("a catalogue speaks the language in use, and tells those who read it when that changes", async () => {
  const heard: string[] = [];
  const stop = effect(() => void heard.push(words.today));
  await speak("cy");
  await speak("en");
  stop();
  expect(heard).toEqual(["Today", "Heddiw", "Today"]);
});

test("what another language lacks is said in English", async () => {
  const own = catalogue("not in any language", { group: { one: "One", many: (count: number) => `${count} of them` } });
  const { group } = own;
  await speak("cy");
  expect([group.one, group.many(2), Object.keys(own)]).toEqual(["One", "2 of them", ["group"]]);
});

test("a code without words of its own gets the others'", () => {
  const table = { M_FORBIDDEN: "No", other: "Not now" };
  expect([worded(table, "M_FORBIDDEN"), worded(table, "M_UNHEARD_OF"), worded(table, "constructor"), worded(table, undefined)]).toEqual(["No", "Not now", "Not now", "Not now"]);
});
