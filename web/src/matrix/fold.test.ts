import { describe, expect, test } from "vitest";
import type { Content, MatrixEvent } from "./event";
import { bodyOf, fold, latestMessage, type FoldInput, type Item, type Message } from "./fold";
import type { Pending } from "./record";

const me = "@asha:trust";
const ben = "@ben:trust";
const carys = "@carys:trust";
const minute = 60_000;
let next = 0;

function event(sender: string, type: string, content: Content, extra: Partial<MatrixEvent> = {}): MatrixEvent {
  next++;
  return { event_id: `$${next}`, sender, type, content, origin_server_ts: next * 1000, ...extra };
}

function said(sender: string, body: string, extra: Partial<MatrixEvent> = {}): MatrixEvent {
  return event(sender, "m.room.message", { msgtype: "m.text", body }, extra);
}

function edit(of: MatrixEvent, sender: string, body: string): MatrixEvent {
  return event(sender, "m.room.message", { msgtype: "m.text", body: `* ${body}`, "m.new_content": { msgtype: "m.text", body }, "m.relates_to": { rel_type: "m.replace", event_id: of.event_id } });
}

function queued(body: string, extra: Partial<Pending> = {}): Pending {
  return { txn_id: `t${body}`, room_id: "!r", type: "m.room.message", content: { msgtype: "m.text", body }, queued_at: 0, state: "queued", ...extra };
}

function folded(events: MatrixEvent[], extra: Partial<FoldInput> = {}): Item[] {
  return fold({ events, pending: [], receipts: [], me, dayOf: () => "day", ...extra }).filter((item) => item.kind !== "day");
}

function messages(events: MatrixEvent[], extra: Partial<FoldInput> = {}): Message[] {
  return folded(events, extra).filter((item) => item.kind === "message");
}

const texts = (all: Message[]) => all.map((one) => ("text" in one.body ? one.body.text : one.body.kind));

describe("edits", () => {
  test("the latest by the same person is what is read", () => {
    const original = said(ben, "10 mg");
    const [message] = messages([original, edit(original, ben, "1 mg"), edit(original, ben, "1.0 mg")]);
    expect(message).toMatchObject({ body: { kind: "text", text: "1.0 mg" }, edited: true });
  });

  test("nobody edits another's words", () => {
    const original = said(ben, "10 mg");
    expect(messages([original, edit(original, carys, "100 mg")])[0]).toMatchObject({ body: { text: "10 mg" }, edited: false });
  });

  test("one that the server bundled counts", () => {
    const bundled = edit(said(ben, ""), ben, "1 mg");
    const original = said(ben, "10 mg", { unsigned: { "m.relations": { "m.replace": bundled } } });
    expect(texts(messages([original]))).toEqual(["1 mg"]);
  });

  test("a deleted message stays deleted", () => {
    const original = said(ben, "10 mg");
    const gone = { ...original, content: {}, unsigned: { redacted_because: event(ben, "m.room.redaction", {}) } };
    expect(messages([gone, edit(original, ben, "1 mg")])[0]?.body).toEqual({ kind: "deleted" });
  });

  test("the list of conversations shows the edited text too", () => {
    const original = said(ben, "10 mg");
    expect(latestMessage([original, edit(original, ben, "1 mg")])?.content.body).toBe("1 mg");
    expect(latestMessage([original, edit(original, carys, "1 g")])?.content.body).toBe("10 mg");
  });
});

describe("content from others", () => {
  const tests: [string, Content, ReturnType<typeof bodyOf>][] = [
    ["text", { msgtype: "m.text", body: "<b>hi</b>" }, { kind: "text", text: "<b>hi</b>" }],
    ["an unknown kind falls back to its body", { msgtype: "org.example.new", body: "readable" }, { kind: "text", text: "readable" }],
    ["a body that is no text", { msgtype: "m.text", body: { toString: "x" } }, { kind: "unreadable" }],
    ["nothing at all", {}, { kind: "unreadable" }],
    ["a file by its name", { msgtype: "m.file", body: "caption", filename: "rota.pdf", caption: "caption" }, { kind: "file", name: "rota.pdf", caption: "caption", file: undefined }],
    ["a picture", { msgtype: "m.image", body: "wound.jpg" }, { kind: "image", name: "wound.jpg" }],
    ["an old reply without its quote", { msgtype: "m.text", body: "> <@a:b> q\n> r\n\nanswer", "m.relates_to": { "m.in_reply_to": { event_id: "$q" } } }, { kind: "text", text: "answer" }],
    ["a quote that is no reply", { msgtype: "m.text", body: "> keep\n\nthis" }, { kind: "text", text: "> keep\n\nthis" }],
  ];
  test.each(tests)("%s", (_name, content, body) => {
    expect(bodyOf(event(ben, "m.room.message", content))).toEqual(body);
  });

  test("relations of the wrong shape are ignored", () => {
    for (const relates of [7, null, [], { rel_type: 1 }, { rel_type: "m.annotation", event_id: {} }]) {
      expect(messages([event(ben, "m.room.message", { msgtype: "m.text", body: "x", "m.relates_to": relates }), event(ben, "m.reaction", { "m.relates_to": relates })])).toHaveLength(1);
    }
  });
});

test("a person's reaction counts once, and a deleted one not at all", () => {
  const message = said(me, "K+ 5.9");
  const react = (sender: string, key: string) => event(sender, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: message.event_id, key } });
  const deleted = { ...react(carys, "👍"), content: {} };
  expect(messages([message, react(ben, "✅"), react(ben, "✅"), react(carys, "✅"), deleted])[0]?.reactions).toEqual([{ key: "✅", people: [ben, carys], own: undefined }]);
});

test("a reply shows what it answers, or that it answers something earlier", () => {
  const question = said(ben, "who has the scanner?");
  const answer = (target: string) => event(carys, "m.room.message", { msgtype: "m.text", body: "AMU", "m.relates_to": { "m.in_reply_to": { event_id: target } } });
  const [, here, earlier] = messages([question, answer(question.event_id), answer("$long ago")]);
  expect(here?.reply).toMatchObject({ event_id: question.event_id, sender: ben, body: { kind: "text", text: "who has the scanner?" } });
  expect(earlier?.reply).toEqual({ event_id: "$long ago" });
});

describe("messages on their way", () => {
  test("come last, in order", () => {
    expect(texts(messages([said(ben, "one")], { pending: [queued("two"), queued("three")] }))).toEqual(["one", "two", "three"]);
  });

  test("are not shown beside themselves, whether known by transaction or by event", () => {
    const byTransaction = said(me, "one", { unsigned: { transaction_id: "tone" } });
    const byEvent = said(me, "two");
    const shown = messages([byTransaction, byEvent], { pending: [queued("one"), queued("two", { state: "sent", event_id: byEvent.event_id })] });
    expect(texts(shown)).toEqual(["one", "two"]);
    expect(shown[0]?.key).toBe("tone");
  });

  test("belong to no earlier day than what arrived, even with a slow clock", () => {
    const items = fold({ events: [said(ben, "one", { origin_server_ts: 86_400_000 })], pending: [queued("two", { queued_at: 1 })], receipts: [], me, dayOf: (at) => String(Math.floor(at / 86_400_000)) });
    expect(items.map((item) => item.kind)).toEqual(["day", "message", "message"]);
  });
});

describe("readers", () => {
  test("count those whose receipt or own message is at or after it", () => {
    const [first, second, third] = [said(me, "1"), said(me, "2"), said(me, "3")];
    const receipts = [
      { room_id: "!r", user_id: ben, event_id: second.event_id },
      { room_id: "!r", user_id: me, event_id: third.event_id },
      { room_id: "!r", user_id: "@gone:trust", event_id: "$unknown" },
    ];
    expect(messages([first, second, third], { receipts }).map((one) => one.readers)).toEqual([1, 1, 0]);
    expect(messages([first, second, said(carys, "ok"), third], { receipts }).map((one) => one.readers)).toEqual([2, 2, 0, 0]);
  });

  test("new messages begin after the last one read, at somebody else's", () => {
    const [read, mine, unread] = [said(ben, "1"), said(me, "2"), said(ben, "3")];
    const kinds = (readUpTo?: string) => folded([read, mine, unread], { readUpTo }).map((item) => item.kind);
    expect(kinds(read.event_id)).toEqual(["message", "message", "unread", "message"]);
    expect(kinds(unread.event_id)).toEqual(["message", "message", "message"]);
    expect(kinds("$unknown")).toEqual(["message", "message", "message"]);
    expect(kinds()).toEqual(["message", "message", "message"]);
  });
});

test("messages in a row by one person make a group, until a while passes", () => {
  const at = (ms: number) => ({ origin_server_ts: ms });
  const events = [said(ben, "1", at(0)), said(ben, "2", at(minute)), said(carys, "3", at(2 * minute)), said(carys, "4", at(20 * minute))];
  expect(messages(events).map((one) => one.leads)).toEqual([true, false, true, true]);
});

test("people who joined in a row are told as one; changes of name are not news", () => {
  const joins = (user: string) => event(user, "m.room.member", { membership: "join" }, { state_key: user });
  const renamed = event(ben, "m.room.member", { membership: "join", displayname: "B" }, { state_key: ben, unsigned: { prev_content: { membership: "join" } } });
  const items = folded([joins(ben), joins(carys), renamed, event(ben, "m.room.topic", { topic: "Ward 7" })]);
  expect(items).toMatchObject([
    { kind: "membership", change: "join", people: [ben, carys] },
    { kind: "state", change: "topic", value: "Ward 7" },
  ]);
});

test("a day is named once, and again when history is added before it", () => {
  const dayOf = (at: number) => (at < 5000 ? "monday" : "tuesday");
  const [early, late] = [said(ben, "1", { origin_server_ts: 1000 }), said(ben, "2", { origin_server_ts: 6000 })];
  const kinds = (events: MatrixEvent[]) => fold({ events, pending: [], receipts: [], me, dayOf }).map((item) => item.kind);
  expect(kinds([late])).toEqual(["day", "message"]);
  expect(kinds([early, late])).toEqual(["day", "message", "day", "message"]);
});

test("keys are unique, so that nothing on the screen is mistaken for something else", () => {
  const events = Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? event(ben, "m.room.topic", { topic: String(i) }) : said(i % 3 ? ben : me, String(i), { origin_server_ts: (i % 11) * 1000 })));
  const keys = fold({ events, pending: [queued("a"), queued("b")], receipts: [], me, dayOf: (at) => String(at) }).map((item) => item.key);
  expect(new Set(keys).size).toBe(keys.length);
});
