// The few drawn signs. Each is decoration beside words, or the words are given for those who do not see it.

const shapes = {
  back: "M15 5l-7 7 7 7",
  send: "M4 12l16-8-5 16-3.5-6.5L4 12zm7.5 1.5L20 4",
  down: "M6 9l6 6 6-6",
  clock: "M12 7v5l3 2M12 3a9 9 0 100 18 9 9 0 000-18z",
  tick: "M5 12.5l4.5 4.5L19 7.5",
  ticks: "M2 12.5l4.5 4.5L15 7.5M10 15.5l1.5 1.5L21 7.5",
  warning: "M12 8v5m0 3v.5M12 3a9 9 0 100 18 9 9 0 000-18z",
  photo: "M4 6h16v12H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5v0",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
};

export function Icon({ name }: { name: keyof typeof shapes }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
