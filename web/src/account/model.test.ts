import { expect, test } from "vitest";
import { until, ward } from "../matrix/testing/ward";
import { SignIn } from "./model";

test("asks for what is missing before it asks the server", async () => {
  const { server } = await ward();
  const model = new SignIn(server.url);
  await model.restore();
  expect(model.stage.value).toEqual({ at: "signed out" });
  await model.signIn(" ", "", "test");
  expect(model.problems.value).toEqual([
    { field: "user", code: "noUser" },
    { field: "password", code: "noPassword" },
  ]);
  expect(server.requests).toEqual([]);
});

test("tells apart what went wrong", async () => {
  const { server } = await ward();
  const model = new SignIn(server.url);
  const tried = async () => {
    await model.signIn("asha", "wrong", "test");
    expect(model.busy.value).toBe(false);
    return model.problems.value.map((one) => one.code);
  };
  expect(await tried()).toEqual(["M_FORBIDDEN"]);
  server.fail(/login/, { status: 429, body: { errcode: "M_LIMIT_EXCEEDED" } });
  expect(await tried()).toEqual(["M_LIMIT_EXCEEDED"]);
  server.fail(/login/, { status: 502, body: {} });
  expect(await tried()).toEqual(["unreachable"]);
  server.fail(/login/, "dropped");
  expect(await tried()).toEqual(["unreachable"]);
  server.fail(/login/, { status: 200, body: {} });
  expect(await tried()).toEqual(["other"]);
});

test("signs in, comes back after a reload, and is told when the session is revoked", async () => {
  const { server, asha } = await ward();
  const model = new SignIn(server.url);
  await model.signIn("asha", "correct horse", "test");
  expect(model.stage.value.at).toBe("signed in");
  if (model.stage.value.at === "signed in") await model.stage.value.account.sync.stop();
  const again = new SignIn(server.url);
  await again.restore();
  expect(again.stage.value).toMatchObject({ at: "signed in", account: { userId: asha } });
  server.expireTokens({ refresh: true });
  await until(() => expect(again.stage.value).toEqual({ at: "signed out", why: "revoked" }));
});

test("signs out", async () => {
  const { server } = await ward();
  const model = new SignIn(server.url);
  await model.signIn("asha", "correct horse", "test");
  await model.signOut();
  expect(model.stage.value).toEqual({ at: "signed out", why: undefined });
  expect(await indexedDB.databases()).toEqual([]);
});

test("whoever signs in next in this browser ends the session before, and finds nothing of it", async () => {
  const { server, asha, ben, room } = await ward();
  const direct = server.addRoom(undefined, [asha]);
  const first = new SignIn(server.url);
  await first.signIn("asha", "correct horse", "test");
  const before = first.stage.value;
  if (before.at !== "signed in") throw new Error("not signed in");
  await until(async () => expect((await before.account.store.rooms()).map((one) => one.room_id).sort()).toEqual([room, direct].sort()));
  const second = new SignIn(server.url);
  await second.signIn("ben", "battery staple", "test");
  await until(() => expect(first.stage.value).toEqual({ at: "signed out", why: "elsewhere" }));
  const now = second.stage.value;
  if (now.at !== "signed in") throw new Error("not signed in");
  expect(now.account.userId).toBe(ben);
  await until(async () => expect((await now.account.store.rooms()).map((one) => one.room_id)).toEqual([room]));
  expect(server.sent(/logout$/)).toHaveLength(1);
  await second.signOut();
});
