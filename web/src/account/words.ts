import { catalogue } from "../words/catalogue";

export const words = catalogue("account", {
  signIn: {
    title: "Sign in to Wardline",
    user: "Username",
    userHint: "The name your trust gave you",
    password: "Password",
    submit: "Sign in",
    submitting: "Signing in…",
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
  },
  menu: {
    label: (name: string) => `Your account: ${name}`,
    settings: "Settings",
  },
  signOut: {
    action: "Sign out",
    signingOut: "Signing out…",
    unsentTitle: "Sign out and lose unsent messages?",
    unsent: (count: number) => (count === 1 ? "1 message has not been sent. It is deleted from this device when you sign out." : `${count} messages have not been sent. They are deleted from this device when you sign out.`),
    anyway: "Sign out anyway",
    stay: "Stay signed in",
  },
});
