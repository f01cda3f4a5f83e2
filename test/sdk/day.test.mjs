// A day of two people with matrix-js-sdk, unmodified, as Element Web and other clients use it: against the real binary,
// in each of the ways in which the SDK syncs.

import "./quiet.mjs"; // before the SDK

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EventTimeline, MatrixError, NotificationCountType } from "matrix-js-sdk";

import { refused, signUp, startSync, syncs, until } from "./person.mjs";
import { serverName, startServer } from "./server.mjs";

let server;
before(async () => (server = await startServer()));
after(async () => await server?.stop());

Object.keys(syncs).forEach((how, turn) => {
  describe(`with ${how}`, () => {
    let amira, ben, roomId, room, first;
    const inAmiras = (id) => amira.getRoom(roomId)?.findEventById(id);
    const inBens = (id) => ben.getRoom(roomId)?.findEventById(id);
    const sent = async (promise) => (await promise).event_id;

    before(async () => {
      amira = await signUp(server.url, `amira${turn}`);
      ben = await signUp(server.url, `ben${turn}`);
      await Promise.all([startSync(amira, server.url, how), startSync(ben, server.url, how)]);
    });
    after(() => {
      amira?.stopClient();
      ben?.stopClient();
    });

    test("a room is made, an invitation comes and is accepted", async () => {
      const invite = [ben.getUserId()];
      roomId = (await amira.createRoom({ name: "Ward 4", topic: "The day", preset: "private_chat", invite, room_alias_name: `ward4-${turn}` })).room_id;
      await until("the invitation", () => ben.getRoom(roomId)?.getMyMembership() === "invite");
      assert.equal(ben.getRoom(roomId).name, "Ward 4");
      await ben.joinRoom(roomId);
      await until("the joining", () => ben.getRoom(roomId)?.getMyMembership() === "join" && ben.getRoom(roomId).name === "Ward 4");
      room = ben.getRoom(roomId);
      await until("both to be members", () => amira.getRoom(roomId)?.getJoinedMemberCount() === 2);
      assert.equal(room.getVersion(), "12");
    });

    test("a message and a reply", async () => {
      first = await sent(amira.sendTextMessage(roomId, "Bed 4 is ready"));
      const event = await until("the message", () => inBens(first));
      assert.equal(event.getContent().body, "Bed 4 is ready");
      const relates = { "m.in_reply_to": { event_id: first } };
      const reply = await sent(ben.sendMessage(roomId, { msgtype: "m.text", body: "Thank you", "m.relates_to": relates }));
      const answer = await until("the reply", () => inAmiras(reply));
      assert.equal(answer.replyEventId, first);
      // The echo of one's own message takes the place of the local one: nothing is shown twice.
      await until("the echo", () => inBens(reply)?.status === null);
      assert.equal(ben.getRoom(roomId).getLiveTimeline().getEvents().filter((e) => e.getContent().body === "Thank you").length, 1);
    });

    test("a reaction, and an edit", async () => {
      const reaction = { "m.relates_to": { rel_type: "m.annotation", event_id: first, key: "👍" } };
      await ben.sendEvent(roomId, "m.reaction", reaction);
      const related = () => amira.getRoom(roomId).relations.getChildEventsForEvent(first, "m.annotation", "m.reaction");
      await until("the reaction", () => related()?.getSortedAnnotationsByKey()?.[0]?.[0] === "👍");
      await amira.sendMessage(roomId, {
        msgtype: "m.text", body: "* Bed 5 is ready", "m.new_content": { msgtype: "m.text", body: "Bed 5 is ready" },
        "m.relates_to": { rel_type: "m.replace", event_id: first },
      });
      await until("the edit", () => inBens(first).getContent().body === "Bed 5 is ready");
      await refused(ben.sendEvent(roomId, "m.reaction", reaction, "again"), 400, "M_DUPLICATE_ANNOTATION");
    });

    test("a thread", async () => {
      await ben.sendMessage(roomId, first, { msgtype: "m.text", body: "Which side?" });
      const thread = await until("the thread", () => amira.getRoom(roomId).getThread(first));
      await until("its message", () => thread.replyToEvent?.getContent().body === "Which side?");
      await amira.sendMessage(roomId, first, { msgtype: "m.text", body: "The window" });
      await until("the answer in it", () => room.getThread(first)?.length === 2);
      const list = await ben.createThreadListMessagesRequest(roomId, null, 10, "b");
      assert.deepEqual(list.chunk.map((event) => event.event_id), [first]);
    });

    test("a redaction", async () => {
      const wrong = await sent(amira.sendTextMessage(roomId, "in the wrong room"));
      await until("the message", () => inBens(wrong));
      await amira.redactEvent(roomId, wrong, undefined, { reason: "wrong room" });
      await until("the redaction", () => inBens(wrong).isRedacted());
      assert.equal(inBens(wrong).getContent().body, undefined);
    });

    test("unread counts and receipts", async () => {
      const last = await sent(amira.sendTextMessage(roomId, "Have you seen this?"));
      const event = await until("the message", () => inBens(last));
      await until("an unread count", () => room.getRoomUnreadNotificationCount(NotificationCountType.Total) > 0);
      // The thread has a receipt of its own; sliding sync counts it with the room.
      await ben.sendReadReceipt(room.getThread(first).replyToEvent);
      await ben.sendReadReceipt(event);
      await until("the receipt", () => amira.getRoom(roomId).hasUserReadEvent(ben.getUserId(), last));
      await until("nothing unread", () => room.getRoomUnreadNotificationCount(NotificationCountType.Total) === 0);
      await ben.setRoomReadMarkers(roomId, last, event, event);
      await until("the marker", () => room.getAccountData("m.fully_read")?.getContent().event_id === last);
    });

    test("typing", async () => {
      const typing = () => room.getMember(amira.getUserId())?.typing;
      await amira.sendTyping(roomId, true, 20_000);
      await until("that amira types", () => typing() === true);
      await amira.sendTyping(roomId, false, 0);
      await until("that amira stops", () => typing() === false);
    });

    test("files", async () => {
      const bytes = new TextEncoder().encode("a note");
      const { content_uri: uri } = await amira.uploadContent(Buffer.from(bytes), { name: "note.txt", type: "text/plain" });
      const file = await sent(amira.sendMessage(roomId, { msgtype: "m.file", body: "note.txt", url: uri }));
      const content = (await until("the file", () => inBens(file))).getContent();
      const url = ben.mxcUrlToHttp(content.url, undefined, undefined, undefined, false, true, true);
      const answer = await fetch(url, { headers: { authorization: `Bearer ${ben.getAccessToken()}` } });
      assert.equal(await answer.text(), "a note");
      assert.ok((await ben.getMediaConfig(true))["m.upload.size"] > 0);
      assert.equal((await fetch(ben.mxcUrlToHttp(content.url))).status, 404);
    });

    test("history, context and what relates", async () => {
      await amira.createRoom({}); // another room between
      const events = [];
      for (let from = null; ; ) {
        const page = await ben.createMessagesRequest(roomId, from, 5, "b");
        events.push(...page.chunk);
        if (!page.end || page.chunk.length === 0) break;
        from = page.end;
      }
      assert.equal(events.at(-1).type, "m.room.create");
      assert.equal(new Set(events.map((event) => event.event_id)).size, events.length);
      const set = room.getUnfilteredTimelineSet();
      const timeline = await ben.getEventTimeline(set, events.at(-2).event_id);
      assert.ok(timeline.getEvents().some((event) => event.getId() === events.at(-2).event_id));
      while (await ben.paginateEventTimeline(timeline, { backwards: true })); // eslint-disable-line no-empty
      assert.equal(timeline.getState(EventTimeline.FORWARDS).getStateEvents("m.room.name", "").getContent().name, "Ward 4");
      const related = await ben.relations(roomId, first, "m.thread", null, {});
      assert.deepEqual(related.events.map((event) => event.getContent().body).sort(), ["The window", "Which side?"]);
      const nearest = await ben.timestampToEvent(roomId, Date.now() + 3_600_000, "b");
      assert.equal(nearest.event_id, events[0].event_id);
      assert.equal((await ben.fetchRoomEvent(roomId, first)).unsigned["m.relations"]["m.thread"].count, 2);
    });

    test("state, names, tags and account data", async () => {
      await amira.setRoomTopic(roomId, "The night");
      await until("the topic", () => room.currentState.getStateEvents("m.room.topic", "")?.getContent().topic === "The night");
      await amira.setDisplayName("Sister Amira");
      await until("the name", () => room.getMember(amira.getUserId())?.rawDisplayName === "Sister Amira");
      await refused(ben.setRoomName(roomId, "Mine"), 403, "M_FORBIDDEN");
      await ben.setRoomTag(roomId, "m.favourite", { order: 0.5 });
      await until("the tag", () => room.tags["m.favourite"]?.order === 0.5);
      await ben.setAccountData("test.data", { n: 1 });
      await until("account data", () => ben.getAccountData("test.data")?.getContent().n === 1);
      await ben.setIgnoredUsers(["@nobody:x.test"]);
      await until("the ignored", () => ben.isUserIgnored("@nobody:x.test"));
      await room.loadMembersIfNeeded();
      assert.deepEqual(room.getJoinedMembers().map((m) => m.userId).sort(), [amira.getUserId(), ben.getUserId()].sort());
      assert.equal((await ben.getRoomIdForAlias(`#ward4-${turn}:${serverName}`)).room_id, roomId);
      assert.equal((await ben.getRoomSummary(roomId)).name, "Ward 4");
      assert.equal((await ben.getProfileInfo(amira.getUserId())).displayname, "Sister Amira");
    });

    test("a space", async () => {
      const space = (await amira.createRoom({ name: "Medicine", creation_content: { type: "m.space" }, invite: [ben.getUserId()] })).room_id;
      await amira.sendStateEvent(space, "m.space.child", { via: [serverName] }, roomId);
      await ben.joinRoom(space);
      await until("the space", () => ben.getRoom(space)?.isSpaceRoom() && ben.getRoom(space).getMyMembership() === "join");
      const tree = await ben.getRoomHierarchy(space);
      assert.deepEqual(tree.rooms.map((r) => r.room_id), [space, roomId]);
    });

    test("push rules and a pusher", async () => {
      const rules = await until("push rules", () => ben.pushRules);
      assert.ok(rules.global.override.some((rule) => rule.rule_id === ".m.rule.master"));
      await ben.addPushRule("global", "room", roomId, { actions: [] });
      await until("the rule", () => ben.getRoomPushRule("global", roomId)?.actions.length === 0);
      await ben.setPusher({
        kind: "http", app_id: "test", pushkey: "key", app_display_name: "Test", device_display_name: "SDK", lang: "en",
        data: { url: "https://push.example.test/_matrix/push/v1/notify", format: "event_id_only" },
      });
      assert.deepEqual((await ben.getPushers()).pushers.map((p) => p.pushkey), ["key"]);
    });

    test("search", async () => {
      await sent(amira.sendTextMessage(roomId, "The haemoglobin is 92"));
      const found = await until("the search to find it", async () => {
        const results = await ben.searchRoomEvents({ term: "haemoglobin" });
        return results.count > 0 && results;
      });
      assert.match(found.results[0].context.getEvent().getContent().body, /haemoglobin is 92/);
      const people = await ben.searchUserDirectory({ term: `amira${turn}` });
      assert.deepEqual(people.results.map((p) => p.user_id), [amira.getUserId()]);
    });

    test("leaving and signing out", async () => {
      await ben.leave(roomId);
      await until("the leaving", () => amira.getRoom(roomId).getMember(ben.getUserId())?.membership === "leave");
      await ben.forget(roomId);
      assert.deepEqual((await amira.getDevices()).devices.map((device) => device.device_id), [amira.getDeviceId()]);
      await amira.logout(true);
      await assert.rejects(amira.whoami(), (error) => error instanceof MatrixError && error.errcode === "M_UNKNOWN_TOKEN");
    });
  });
});
