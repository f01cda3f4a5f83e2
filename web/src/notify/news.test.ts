import { expect, test } from "vitest";
import { News } from "./news";

const room = (room_id: string, unread: number) => ({ room_id, unread });

test("it rings for what is newly unread, where nobody is looking", () => {
  const news = new News();
  expect(news.take([room("!a", 3)], undefined), "what was there at the start").toBe(false);
  expect(news.take([room("!a", 3)], undefined), "nothing new").toBe(false);
  expect(news.take([room("!a", 4)], undefined), "one more").toBe(true);
  expect(news.take([room("!a", 5)], "!a"), "in front of one's eyes").toBe(false);
  expect(news.take([room("!a", 0), room("!b", 1)], "!a"), "a new conversation").toBe(true);
  expect(news.take([room("!b", 0), room("!a", 0)], undefined), "read elsewhere").toBe(false);
});
