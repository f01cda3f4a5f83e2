import type { Words } from "./catalogue";
import type { words } from "./words";

const weekdays = ["Dydd Sul", "Dydd Llun", "Dydd Mawrth", "Dydd Mercher", "Dydd Iau", "Dydd Gwener", "Dydd Sadwrn"];
const weekdaysShort = ["Sul", "Llun", "Maw", "Mer", "Iau", "Gwe", "Sad"];
const months = ["Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"];

export default {
  product: "Wardline",
  today: "Heddiw",
  yesterday: "Ddoe",
  weekday: (index) => weekdays[index] ?? "",
  weekdayShort: (index) => weekdaysShort[index] ?? "",
  month: (index) => months[index] ?? "",
  day: (weekday, day, month) => `${weekday} ${day} ${month}`,
  dayAndYear: (weekday, day, month, year) => `${weekday} ${day} ${month} ${year}`,
  dayAt: (day, clock) => `${day} am ${clock}`,
  bytes: "beit",
  // "ac" before a vowel; w and y are vowels too.
  and: (most, last) => `${most} ${/^[aeiouwyâêîôûŵŷáéíóúàèìòùäëïöü]/iu.test(last) ? "ac" : "a"} ${last}`,
  others: (count) => (count === 1 ? "1 arall" : `${count} arall`),
} satisfies Words<typeof words>;
