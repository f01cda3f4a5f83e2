import { catalogue } from "../words/catalogue";

export const words = catalogue("look", {
  body: {
    image: (name: string) => (name ? `Photo: ${name}` : "Photo"),
    video: (name: string) => (name ? `Video: ${name}` : "Video"),
    audio: (name: string) => (name ? `Audio: ${name}` : "Audio"),
    file: (name: string) => (name ? `File: ${name}` : "File"),
    deleted: "This message was deleted",
    unreadable: "This message cannot be shown here",
  },
});
