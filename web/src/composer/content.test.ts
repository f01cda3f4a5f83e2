import { expect, test } from "vitest";
import { editContent, longestContent, messageContent, sizeOf, type Written } from "./content";
import { matching, queryAt, withName } from "./mention";

const me = "@asha:ward.test";
const written = (text: string, rest: Partial<Written> = {}): Written => ({ text, mentions: [], me, ...rest });
const ben = { user_id: "@ben:ward.test", name: "Ben Okafor" };

test("a plain message says that it mentions nobody", () => {
  expect(messageContent(written("hello"))).toEqual({ msgtype: "m.text", body: "hello", "m.mentions": {} });
});

test("people named are links for others, and markup is only text", () => {
  const content = messageContent(written('@Ben Okafor <b>look</b> & "see"\nnow', { mentions: [ben] }));
  expect(content.body).toBe('@Ben Okafor <b>look</b> & "see"\nnow');
  expect(content.formatted_body).toBe('<a href="https://matrix.to/#/%40ben%3Award.test">Ben Okafor</a> &lt;b&gt;look&lt;/b&gt; &amp; &quot;see&quot;<br>now');
  expect(content["m.mentions"]).toEqual({ user_ids: [ben.user_id] });
});

test("a name that was deleted again mentions nobody, and a longer name is not a shorter one", () => {
  expect(messageContent(written("never mind", { mentions: [ben] }))).toEqual(messageContent(written("never mind")));
  const lee = { user_id: "@ann.lee:x", name: "Ann (Lee) [x]" };
  const content = messageContent(written("@Ann (Lee) [x] and @Ann", { mentions: [{ user_id: "@ann:x", name: "Ann" }, lee] }));
  expect(content.formatted_body).toBe('<a href="https://matrix.to/#/%40ann.lee%3Ax">Ann (Lee) [x]</a> and <a href="https://matrix.to/#/%40ann%3Ax">Ann</a>');
});

test("an answer names whom it answers, but not oneself", () => {
  const reply = messageContent(written("yes", { replyTo: { event_id: "$1", sender: ben.user_id } }));
  expect(reply["m.relates_to"]).toEqual({ "m.in_reply_to": { event_id: "$1" } });
  expect(reply["m.mentions"]).toEqual({ user_ids: [ben.user_id] });
  expect(messageContent(written("yes", { replyTo: { event_id: "$1", sender: me } }))["m.mentions"]).toEqual({});
});

test("a message in a thread falls back to an answer for clients without threads", () => {
  expect(messageContent(written("x", { thread: "$t" }))["m.relates_to"]).toEqual({ rel_type: "m.thread", event_id: "$t", is_falling_back: true, "m.in_reply_to": { event_id: "$t" } });
  const reply = messageContent(written("x", { thread: "$t", replyTo: { event_id: "$1", sender: me } }));
  expect(reply["m.relates_to"]).toEqual({ rel_type: "m.thread", event_id: "$t", is_falling_back: false, "m.in_reply_to": { event_id: "$1" } });
});

test("an edit carries the new text whole, and a fallback", () => {
  const edit = editContent(written("@Ben Okafor 5 mg", { mentions: [ben] }), "$1");
  expect(edit.body).toBe("* @Ben Okafor 5 mg");
  expect(edit["m.new_content"]).toMatchObject({ msgtype: "m.text", body: "@Ben Okafor 5 mg", "m.mentions": { user_ids: [ben.user_id] } });
  expect(edit["m.relates_to"]).toEqual({ rel_type: "m.replace", event_id: "$1" });
});

test("the limit is counted in bytes of the event, not in characters", () => {
  const size = (text: string) => sizeOf(text, () => messageContent(written(text)));
  expect(size("x".repeat(10_000)).state).toBe("fine");
  expect(size("\u{1f600}".repeat(10_000)).state).toBe("fine");
  expect(size("x".repeat(longestContent - 3_000)).state).toBe("near");
  const over = size("é".repeat(32_000));
  expect(over.state).toBe("over");
  expect(over.characters).toBeGreaterThan(1_000);
  expect(over.characters).toBeLessThan(1_500);
  expect(sizeOf("é".repeat(20_000), () => editContent(written("é".repeat(20_000)), "$1")).state).toBe("over");
});

test("the name at the caret", () => {
  expect(queryAt("@", 1)).toEqual({ at: 0, typed: "" });
  expect(queryAt("ask @be", 7)).toEqual({ at: 4, typed: "be" });
  expect(queryAt("ask @Ben Ok", 11)).toEqual({ at: 4, typed: "Ben Ok" });
  expect(queryAt("(@o’n", 5)).toEqual({ at: 1, typed: "o’n" });
  for (const none of ["ben@ward", "@ben okafor about", "@ben\n", "no", "a @b, c"]) expect(queryAt(none, none.length), none).toBeUndefined();
  expect(queryAt("@ben about", 4)).toEqual({ at: 0, typed: "ben" });
});

test("names are found by any part, without accents, never one's own", () => {
  const people = [ben, { user_id: me, name: "Asha Patel" }, { user_id: "@sioned:x", name: "Siôn Bénard" }, { user_id: "@z:x", name: "Obi Ben" }];
  expect(matching(people, "ben", me).map((one) => one.name)).toEqual(["Ben Okafor", "Obi Ben", "Siôn Bénard"]);
  expect(matching(people, "okaf", me)).toEqual([ben]);
  expect(matching(people, "Sion B", me).map((one) => one.user_id)).toEqual(["@sioned:x"]);
  expect(matching(people, "asha", me)).toEqual([]);
  expect(matching(people, "", me)).toHaveLength(3);
});

test("a chosen name takes the place of what was typed of it", () => {
  expect(withName("ask @be now", { at: 4, typed: "be" }, "Ben Okafor")).toEqual({ text: "ask @Ben Okafor now", caret: 16 });
  expect(withName("@b", { at: 0, typed: "b" }, "Ben Okafor")).toEqual({ text: "@Ben Okafor ", caret: 12 });
});
