import { catalogue } from "../words/catalogue";

export const words = catalogue("voice", {
  title: "Voice note",
  asking: "Allow the microphone to begin…",
  recording: "Recording",
  paused: "Paused",
  pause: "Pause recording",
  resume: "Go on recording",
  listen: "Listen to the recording",
  stop: "Stop listening",
  send: "Send voice note",
  discard: "Delete the recording",
  problem: {
    blocked: "Wardline may not use the microphone. Allow it in your browser's settings for this site, then try again.",
    none: "No microphone was found on this device.",
    busy: "The microphone is in use by another app. Close that, then try again.",
    insecure: "The microphone works only over a secure connection (https).",
    unsupported: "This browser cannot record a voice note.",
  },
});
