import { catalogue } from "../words/catalogue";

export const words = catalogue("conversations", {
  title: "Conversations",
  loading: "Loading conversations…",
  none: "No conversations yet",
  noneHint: "When a colleague adds you to one, it appears here.",
  choose: "Choose a conversation",
  chooseHint: "Select one from the list to read it and reply.",
  unnamed: "Empty conversation",
  unread: (count: number) => (count === 1 ? "1 unread message" : `${count} unread messages`),
  badge: (count: number) => (count > 99 ? "99+" : String(count)),
  invitation: "Invitation",
  invitedBy: (name: string) => `${name} invited you to this conversation`,
  noMessages: "No messages yet",
  you: "You",
  said: (sender: string, body: string) => `${sender}: ${body}`,
  notSent: "Not sent",
  typing: "typing…",
});
