import { catalogue } from "../words/catalogue";

export const words = catalogue("app", {
  toComposer: "Write a message",
  storage: {
    title: "Wardline cannot start in this browser",
    hint: "It is not allowed to store anything on this device. Leave private browsing, or allow storage for this site, then load the page again.",
  },
  noPage: {
    title: "Page not found",
    hint: "Check the address, or go to your conversations.",
    home: "Go to conversations",
  },
});
