import { describe, expect, test } from "vitest";
import { signIn, until, ward } from "../matrix/testing/ward";
import { MessageSearch, readFound } from "./model";

const event = (id: string, body: string) => ({ event_id: id, type: "m.room.message", sender: "@ben:trust", origin_server_ts: 1, content: { body }, room_id: "!a" });

describe("an answer of the search", () => {
  test("gives what was found, by whom, and how to go on", () => {
    const profile_info = { "@ben:trust": { displayname: "Ben" } };
    const found = readFound({ search_categories: { room_events: { count: 7, highlights: ["potassium", 3], next_batch: "n", results: [{ result: event("$1", "potassium"), context: { profile_info } }] } } });
    expect(found).toMatchObject({ count: 7, words: ["potassium"], next: "n", hits: [{ room_id: "!a", senderName: "Ben" }] });
  });

  test.each([[{}], [{ search_categories: [] }], [{ search_categories: { room_events: { results: [null, {}, { result: 1 }, { result: { ...event("$1", "x"), room_id: 2 } }], highlights: "x", count: "y" } } }]])("holds nothing where it is malformed: %j", (answer) => {
    expect(readFound(answer)).toEqual({ hits: [], words: [], next: undefined, count: 0 });
  });
});

test("what is typed is asked for once it rests; a failure says so, and trying again asks again", async () => {
  const { server } = await ward();
  const account = await signIn(server);
  const search = new MessageSearch(account.client);
  const answer = (results: unknown[], next_batch?: string) => ({ body: { search_categories: { room_events: { count: 2, highlights: ["mg"], results, next_batch } } } });
  server.fail(/POST .*\/search/, { status: 503, body: { errcode: "M_UNAVAILABLE" } });
  search.typed("m");
  expect(search.state.value).toBe("idle");
  search.typed("mg");
  await until(() => expect(search.state.value).toBe("failed"));
  server.fail(/POST .*\/search/, answer([{ result: event("$1", "mg") }], "next"));
  await search.more();
  expect(search.hits.value.map((hit) => hit.event.event_id)).toEqual(["$1"]);
  expect(search.hasMore.value).toBe(true);
  server.fail(/POST .*\/search/, answer([{ result: event("$2", "mg") }]));
  await search.more();
  expect(search.hits.value.map((hit) => hit.event.event_id)).toEqual(["$1", "$2"]);
  expect(search.hasMore.value).toBe(false);
  expect(server.sent(/POST .*\/search/).map((one) => one.query.next_batch)).toEqual([undefined, undefined, "next"]);
  search.typed("");
  expect([search.state.value, search.hits.value.length]).toEqual(["idle", 0]);
});
