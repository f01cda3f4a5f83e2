import { catalogue } from "../words/catalogue";

export const words = catalogue("sync", {
  connecting: "Connecting…",
  waiting: (seconds: number) => (seconds > 1 ? `No connection. Trying again in ${seconds} seconds.` : "No connection. Trying again…"),
  lost: "No connection. What you send is kept and goes out when you are back.",
  tryNow: "Try now",
});
