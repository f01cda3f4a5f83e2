import { catalogue } from "./catalogue";

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** What every feature says: the product's name, days and lists. Browsers know too few languages to leave these to them. */
export const words = catalogue("words", {
  product: "Wardline",
  today: "Today",
  yesterday: "Yesterday",
  /** 0 is Sunday. */
  weekday: (index: number) => weekdays[index] ?? "",
  weekdayShort: (index: number) => (weekdays[index] ?? "").slice(0, 3),
  /** 0 is January. */
  month: (index: number) => months[index] ?? "",
  day: (weekday: string, day: number, month: string) => `${weekday} ${day} ${month}`,
  dayAndYear: (weekday: string, day: number, month: string, year: number) => `${weekday} ${day} ${month} ${year}`,
  dayAt: (day: string, clock: string) => `${day} at ${clock}`,
  bytes: "bytes",
  /** The end of a list: "Asha, Ben" and "Carys". */
  and: (most: string, last: string) => `${most} and ${last}`,
  others: (count: number) => (count === 1 ? "1 other" : `${count} others`),
});
