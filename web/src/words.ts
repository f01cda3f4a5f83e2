// Every word a person reads, in one place, so that another language is another object of this shape. Times and dates follow
// the language too. Nothing here knows the screen.

const language = "en-GB";

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "numeric", year: "numeric" });
const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const inFull = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const lists = new Intl.ListFormat(language, { type: "conjunction" });

/** Names as a list, at most three of them in full. */
function people(names: string[]): string {
  if (names.length <= 3) return lists.format(names);
  return lists.format([...names.slice(0, 2), `${names.length - 2} others`]);
}

/** A day as the reader's own calendar has it; equal for times on the same day. */
export function dayOf(at: number): string {
  return new Date(at).toDateString();
}

function daysAgo(at: number, now: number): number {
  const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}

const english = {
  language,
  product: "Wardline",

  signIn: {
    title: "Sign in to Wardline",
    user: "Username",
    userHint: "The name your trust gave you",
    password: "Password",
    show: "Show",
    hide: "Hide",
    showPassword: "Show password",
    hidePassword: "Hide password",
    submit: "Sign in",
    submitting: "Signing in…",
    problem: "There is a problem",
    titleWithProblem: "Error: Sign in to Wardline",
    revoked: "You have been signed out. This can happen when your password is changed or this device is removed from your account.",
    elsewhere: "You signed out in another window.",
  },
  signInProblem: {
    noUser: "Enter your username",
    noPassword: "Enter your password",
    M_FORBIDDEN: "The username or the password is not right. Check both and try again",
    M_INVALID_USERNAME: "The username or the password is not right. Check both and try again",
    M_USER_LOCKED: "This account is locked. Ask your IT service desk about it",
    M_USER_DEACTIVATED: "This account is closed. Ask your IT service desk about it",
    M_LIMIT_EXCEEDED: "Too many attempts. Wait a minute, then try again",
    unreachable: "Wardline cannot be reached. Check your connection, then try again",
    storage: "This browser lets Wardline store nothing. Leave private browsing, or allow storage for this site, then try again",
    other: "Signing in did not work. Try again, and tell your IT service desk if it goes on",
  } as Record<string, string>,
  signOut: {
    action: "Sign out",
    signingOut: "Signing out…",
    unsentTitle: "Sign out and lose unsent messages?",
    unsent: (count: number) => (count === 1 ? "1 message has not been sent. It is deleted from this device when you sign out." : `${count} messages have not been sent. They are deleted from this device when you sign out.`),
    anyway: "Sign out anyway",
    stay: "Stay signed in",
  },

  connection: {
    connecting: "Connecting…",
    waiting: (seconds: number) => (seconds > 1 ? `No connection. Trying again in ${seconds} seconds.` : "No connection. Trying again…"),
    lost: "No connection. What you send is kept and goes out when you are back.",
    tryNow: "Try now",
  },

  conversations: {
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
    noMessages: "No messages yet",
    you: "You",
    said: (sender: string, body: string) => `${sender}: ${body}`,
    signedInAs: (name: string) => `Signed in as ${name}`,
    typing: "typing…",
  },

  body: {
    image: (name: string) => (name ? `Photo: ${name}` : "Photo"),
    video: (name: string) => (name ? `Video: ${name}` : "Video"),
    audio: (name: string) => (name ? `Audio: ${name}` : "Audio"),
    file: (name: string) => (name ? `File: ${name}` : "File"),
    deleted: "This message was deleted",
    unreadable: "This message cannot be shown here",
  },

  room: {
    back: "Back to conversations",
    messages: "Messages",
    members: (count: number) => (count === 1 ? "1 member" : `${count} members`),
    loading: "Loading messages…",
    older: "Loading earlier messages…",
    olderFailed: "Earlier messages could not be loaded.",
    start: "This is the start of the conversation",
    notHere: "You are not in this conversation",
    notHereHint: "You may have left it, or been removed from it. Choose another from the list.",
    gone: "You are no longer in this conversation. You can read what is still on this device.",
    newMessages: "New messages",
    latest: "Go to the latest messages",
    latestUnread: (count: number) => (count === 1 ? "1 new message" : `${count} new messages`),
    arrived: (sender: string, body: string) => `${sender}: ${body}`,
    edited: "edited",
    reaction: (key: string, count: number) => `${key}, ${count === 1 ? "1 person" : `${count} people`}`,
    replyTo: (name: string) => `Reply to ${name}`,
    replyToEarlier: "Reply to an earlier message",
    typing: (names: string[]) => (names.length === 1 ? `${names[0]} is typing…` : `${people(names)} are typing…`),
  },
  sending: {
    queued: "Sending",
    sent: "Sent",
    received: "Sent",
    failed: "Not sent",
    read: "Read",
    readBy: (count: number) => `Read by ${count}`,
    retry: "Try again",
    discard: "Delete",
  },
  sendProblem: {
    M_TOO_LARGE: "Not sent: the message is too long. Split it and send it in parts.",
    M_FORBIDDEN: "Not sent: you may not write in this conversation.",
    NOT_STORED: "Not sent: this device has no room to keep the message.",
    other: "Not sent: the server refused it.",
  } as Record<string, string>,
  notice: {
    created: (name: string) => `${name} created this conversation`,
    name: (name: string, value: string) => (value ? `${name} named this conversation “${value}”` : `${name} removed the name of this conversation`),
    topic: (name: string, value: string) => (value ? `${name} set the topic: ${value}` : `${name} removed the topic`),
    join: (names: string[]) => `${people(names)} joined`,
    leave: (names: string[]) => `${people(names)} left`,
    invite: (names: string[]) => `${people(names)} ${names.length === 1 ? "was" : "were"} invited`,
    ban: (names: string[]) => `${people(names)} ${names.length === 1 ? "was" : "were"} removed`,
  },
  invitation: {
    title: (name: string) => `${name} invited you to this conversation`,
    hint: "You can read it and write in it once you accept.",
    accept: "Accept",
    decline: "Decline",
    failed: "That did not work. Check your connection, then try again.",
  },
  composer: {
    label: "Message",
    placeholder: "Write a message",
    send: "Send message",
    tooLong: (over: number) => `The message is ${over} characters too long`,
  },
  storage: {
    title: "Wardline cannot start in this browser",
    hint: "It is not allowed to store anything on this device. Leave private browsing, or allow storage for this site, then load the page again.",
  },
  noPage: {
    title: "Page not found",
    hint: "Check the address, or go to your conversations.",
    home: "Go to conversations",
  },

  /** The time of a message: 14:05. */
  clock: (at: number) => clock.format(at),
  /** Day and time in full, for those who ask. */
  inFull: (at: number) => inFull.format(at),
  /** A conversation's latest time, as short as it can be said. */
  recent: (at: number, now: number) => {
    const ago = daysAgo(at, now);
    if (ago <= 0) return clock.format(at);
    if (ago === 1) return "Yesterday";
    return ago < 7 ? weekday.format(at) : date.format(at);
  },
  /** The separator between days. */
  day: (at: number, now: number) => {
    const ago = daysAgo(at, now);
    if (ago === 0) return "Today";
    if (ago === 1) return "Yesterday";
    return new Date(at).getFullYear() === new Date(now).getFullYear() ? day.format(at) : dayAndYear.format(at);
  },
};

export type Words = typeof english;

/** The words in use. */
export const words: Words = english;
