import { catalogue } from "../words/catalogue";

export const words = catalogue("composer", {
  label: "Message",
  placeholder: "Write a message",
  send: "Send message",
  tooLong: (over: number) => `The message is ${over} characters too long`,
});
