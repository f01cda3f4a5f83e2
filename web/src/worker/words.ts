import { catalogue } from "../words/catalogue";

export const words = catalogue("worker", {
  message: "New message",
  test: "This is a test: this device can be told of messages",
  ready: "A new version of Wardline is ready.",
  use: "Use it now",
});
