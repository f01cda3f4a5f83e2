// Choosing an emoji from a small set of our own: nothing is asked of anyone, and screen readers name each in their language.

import { useRef } from "preact/hooks";
import { words } from "./words";

const groups = {
  answers: "👍 👎 ✅ ❌ ❓ ❗ 👌 🙏 👏 🙌 💪 🤝 👋 ✋ 🫡 👀 💯 🆗 ➕ ➖",
  faces: "😀 😃 😄 😁 😆 😅 😂 🤣 😊 🙂 🙃 😉 😍 🥰 😘 😋 😎 🤩 🥳 😏 😐 😑 😶 🙄 😬 😴 😌 😔 😕 🙁 ☹️ 😢 😭 😤 😡 🤯 😳 😱 😨 😰 😓 🤗 🤔 🤫 🤭 😷 🤒 🤕 🤢 🤮 🤧 🥵 🥶 🥴 😵",
  care: "🏥 🚑 🚨 🩺 💉 💊 🩹 🩸 🧪 🌡️ 🩻 🦴 🫀 🫁 🧠 👂 👁️ 🦷 👶 🤰 🧓 👩‍⚕️ 👨‍⚕️ 🧑‍⚕️ ♿ 🧑‍🦽 🛏️ 🚪 🧼 🧤",
  work: "⏰ ⏳ 📅 📌 📎 📋 📝 📖 📞 📱 💻 🖨️ 🔑 🔒 🔔 🔕 🔍 📍 ✉️ 📦 🗑️ ♻️ ⚠️ ⛔ 🚫 🆘 🔥 💡",
  life: "❤️ 🧡 💛 💚 💙 💜 🤍 💔 🎉 🎂 🎁 🌟 ⭐ 🌈 ☀️ ☁️ 🌧️ ❄️ 🌙 🌍 🌸 🌻 🍀 🐶 🐱 🐝 🦋 ☕ 🍵 🍪 🍎 🍌 🍕 🥪 🍰 ⚽ 🏃 🚗 🚌 🚲 ✈️ 🏠",
} as const;

export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const place = useRef<HTMLDivElement>(null);
  return (
    <div class="emoji" ref={place} onKeyDown={(event) => onKey(event, place.current)}>
      {Object.entries(groups).map(([group, all]) => (
        <section key={group}>
          <h3>{words.emoji[group as keyof typeof groups]}</h3>
          <div class="emoji-group">
            {all.split(" ").map((emoji) => (
              <button key={emoji} type="button" onClick={() => onPick(emoji)}>
                {emoji}
              </button>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

/** Arrow keys go from one to the next; up and down go to the one above and below. */
function onKey(event: KeyboardEvent, place: HTMLElement | null): void {
  const from = event.target;
  if (!place || !(from instanceof HTMLButtonElement) || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const all = [...place.querySelectorAll("button")];
  const at = all.indexOf(from);
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") return all[at + (event.key === "ArrowLeft" ? -1 : 1)]?.focus();
  const here = from.getBoundingClientRect();
  const others = event.key === "ArrowDown" ? all.slice(at + 1) : all.slice(0, at).reverse();
  const row = others.find((one) => Math.abs(one.getBoundingClientRect().top - here.top) > 4)?.getBoundingClientRect().top;
  const line = others.filter((one) => row !== undefined && Math.abs(one.getBoundingClientRect().top - row) < 4);
  line.sort((a, b) => Math.abs(a.getBoundingClientRect().left - here.left) - Math.abs(b.getBoundingClientRect().left - here.left))[0]?.focus();
}
