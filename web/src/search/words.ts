import { catalogue } from "../words/catalogue";

export const words = catalogue("search", {
  conversations: "Conversations",
  people: "Colleagues",
  messages: "Messages",
  allPeople: (count: number) => `Show all ${count} colleagues`,
  you: "You",
  said: (sender: string) => `${sender}:`,
  elsewhere: "Another conversation",
  looking: "Searching messages…",
  failed: "Messages could not be searched. Check your connection.",
  limited: "Too many searches in a short time. Wait a moment.",
  again: "Try again",
  more: "Show more messages",
  nothing: (term: string) => `Nothing found for “${term}”`,
  nothingHint: "Check the spelling, or try fewer or other words.",
  found: (rooms: number, people: number, messages: number) => `Found: ${rooms} conversations, ${people} colleagues, ${messages} messages`,
});
