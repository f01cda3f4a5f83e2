import { catalogue } from "../words/catalogue";

export const words = catalogue("look", {
  close: "Close",
  loading: "Loading…",
  notLoaded: "This page could not be loaded",
  notLoadedHint: "Check your connection, then try again.",
  tryAgain: "Try again",
  emoji: { answers: "Answers", faces: "Faces", care: "Care", work: "Work", life: "Everything else" },
  problem: "There is a problem",
  show: "Show",
  hide: "Hide",
  showPassword: (label: string) => `Show ${label.charAt(0).toLowerCase()}${label.slice(1)}`,
  hidePassword: (label: string) => `Hide ${label.charAt(0).toLowerCase()}${label.slice(1)}`,
  body: {
    image: (name: string) => (name ? `Photo: ${name}` : "Photo"),
    video: (name: string) => (name ? `Video: ${name}` : "Video"),
    audio: (name: string) => (name ? `Audio: ${name}` : "Audio"),
    file: (name: string) => (name ? `File: ${name}` : "File"),
    deleted: "This message was deleted",
    unreadable: "This message cannot be shown here",
  },
});
