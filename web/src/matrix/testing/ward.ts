// A ward in a fake server, and a person signed in to it: where the tests of this folder begin.

import { afterEach, expect, vi } from "vitest";
import { Account } from "../account";
import { fold, type Item, type Message } from "../fold";
import { FakeServer } from "./fake.mjs";

export interface Ward {
  server: FakeServer;
  asha: string;
  ben: string;
  room: string;
}

const undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export async function ward(): Promise<Ward> {
  const server = await new FakeServer().start();
  undo.push(() => server.stop());
  const asha = server.addUser("asha", "correct horse", "Asha Patel");
  const ben = server.addUser("ben", "battery staple", "Ben Okafor");
  return { server, asha, ben, room: server.addRoom("Ward 7", [asha, ben]) };
}

/** Signs in, and out again when the test ends. */
export async function signIn(server: FakeServer, user = "asha", password = "correct horse"): Promise<Account> {
  const account = await Account.signIn(server.url, user, password, "test");
  undo.push(async () => {
    await account.signOut().catch(() => undefined);
  });
  return account;
}

export async function items(account: Account, room: string): Promise<Item[]> {
  const { timeline, pending, receipts } = await account.store.conversation(room);
  return fold({ events: timeline?.events ?? [], pending, receipts, me: account.userId, dayOf: () => "one day" });
}

export async function messages(account: Account, room: string): Promise<Message[]> {
  return (await items(account, room)).filter((item) => item.kind === "message");
}

export async function bodies(account: Account, room: string): Promise<string[]> {
  return (await messages(account, room)).map((message) => ("text" in message.body ? message.body.text : message.body.kind));
}

/** Waits until the check passes. */
export async function until(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 8_000, interval: 10 });
}

export async function untilBodies(account: Account, room: string, expected: string[]): Promise<void> {
  await until(async () => expect(await bodies(account, room)).toEqual(expected));
}
