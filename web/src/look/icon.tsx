// The drawn signs. Each is decoration beside words, or the words are given for those who do not see it. All are strokes on
// a square of 24 by 24, so that they sit well beside one another.

const shapes = {
  appearance: "M12 3a9 9 0 100 18zM12 3a9 9 0 010 18",
  archive: "M3 4h18v4H3zM5 8v12h14V8M10 12h4",
  arrow: "M5 19L19 5M10 5h9v9",
  attach: "M20 11l-8.5 8.5a5 5 0 01-7-7L13 4a3.3 3.3 0 014.7 4.7L9.4 17a1.7 1.7 0 01-2.4-2.4l7.5-7.5",
  back: "M15 5l-7 7 7 7",
  bell: "M6 16V11a6 6 0 0112 0v5l2 2H4zM10 21h4",
  bellOff: "M6 16V11a6 6 0 019-5.2M18 11v5l2 2H8M10 21h4M4 4l16 16",
  blur: "M12 3s6 6.5 6 11a6 6 0 01-12 0c0-4.5 6-11 6-11zM12 17a3 3 0 003-3",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  camera: "M3 8h4l2-3h6l2 3h4v11H3zM12 10a3.5 3.5 0 100 7 3.5 3.5 0 000-7z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 7v5l3 2M12 3a9 9 0 100 18 9 9 0 000-18z",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  crop: "M7 2v15h15M2 7h15v15",
  desktop: "M3 4h18v12H3zM9 20h6M12 16v4",
  down: "M6 9l6 6 6-6",
  download: "M12 4v11M7 10l5 5 5-5M4 20h16",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 100 6 3 3 0 000-6z",
  eyeOff: "M5 7c-2 2-3 5-3 5s4 7 10 7c1.8 0 3.4-.6 4.8-1.5M9.5 5.3A9.6 9.6 0 0112 5c6 0 10 7 10 7s-.8 1.5-2.3 3.2M4 4l16 16",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  filter: "M4 6h16M7 12h10M10 18h4",
  gallery: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  globe: "M12 3a9 9 0 100 18 9 9 0 000-18zM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
  info: "M12 11v6M12 7.5v.5M12 3a9 9 0 100 18 9 9 0 000-18z",
  key: "M14 10a5 5 0 10-3.5 4.8L13 17h3v3h4v-4l-6-6M8 9v0",
  left: "M15 5l-7 7 7 7",
  link: "M10 14a4 4 0 005.7 0l3.5-3.5a4 4 0 00-5.7-5.7L12 6.3M14 10a4 4 0 00-5.7 0l-3.5 3.5a4 4 0 005.7 5.7L12 17.7",
  lock: "M6 11h12v9H6zM8 11V8a4 4 0 018 0v3",
  mention: "M16 12a4 4 0 10-8 0 4 4 0 008 0zM16 8v5.5a2.5 2.5 0 005 0V12a9 9 0 10-4 7.5",
  mic: "M12 3a3 3 0 00-3 3v5a3 3 0 006 0V6a3 3 0 00-3-3zM5 11a7 7 0 0014 0M12 18v3",
  more: "M12 4.5a.5.5 0 100 1 .5.5 0 000-1zM12 11.5a.5.5 0 100 1 .5.5 0 000-1zM12 18.5a.5.5 0 100 1 .5.5 0 000-1z",
  newChat: "M4 5h16v11h-9l-4 4v-4H4zM12 8v5M9.5 10.5h5",
  offline: "M4 4l16 16M8.5 15.5a5 5 0 017 0M5 12a10 10 0 014-2.4M2 8.5A15 15 0 016 6M12 19v.01M14 9.8a10 10 0 015 2.2M11 5a15 15 0 0111 3.5",
  pause: "M8 5v14M16 5v14",
  people: "M9 4a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM2 20c0-4 3-6 7-6s7 2 7 6M16 4.5a3.5 3.5 0 010 6.5M18 14.5c2.5.8 4 2.6 4 5.5",
  person: "M12 4a4 4 0 100 8 4 4 0 000-8zM4 21c0-4.5 3.5-6.5 8-6.5s8 2 8 6.5",
  phone: "M7 2h10v20H7zM11 18.5h2",
  photo: "M4 6h16v12H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5v0",
  pin: "M9 3h6l-1 7 4 4H6l4-4zM12 14v7",
  play: "M7 4l13 8-13 8z",
  plus: "M12 5v14M5 12h14",
  reply: "M10 5l-6 6 6 6M4 11h9a7 7 0 017 7v1",
  right: "M9 5l7 7-7 7",
  search: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20",
  send: "M4 12l16-8-5 16-3.5-6.5L4 12zm7.5 1.5L20 4",
  settings: "M4 7h9M17 7h3M15 4.8v4.4M4 17h3M11 17h9M9 14.8v4.4",
  shield: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z",
  signOut: "M10 4H5v16h5M9 12h11M16 8l4 4-4 4",
  smile: "M12 3a9 9 0 100 18 9 9 0 000-18zM8 14c1 1.7 2.4 2.5 4 2.5s3-.8 4-2.5M9 9.5v.5M15 9.5v.5",
  sound: "M4 9h4l5-4v14l-5-4H4zM16 9a4 4 0 010 6M18.5 6a8 8 0 010 12",
  star: "M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.3L12 17.1l-5.6 3.1 1.2-6.3L3 9.6l6.3-.8z",
  stop: "M6 6h12v12H6z",
  thread: "M5 5h14M5 10h14M10 15h9M10 20h9M5 10v7l2.5 2.5",
  tick: "M5 12.5l4.5 4.5L19 7.5",
  ticks: "M2 12.5l4.5 4.5L15 7.5M10 15.5l1.5 1.5L21 7.5",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  undo: "M8 5L4 9l4 4M4 9h10a6 6 0 010 12h-3",
  up: "M6 15l6-6 6 6",
  video: "M3 6h12v12H3zM15 10l6-3v10l-6-3",
  warning: "M12 8v5m0 3v.5M12 3a9 9 0 100 18 9 9 0 000-18z",
  zoomIn: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20M7.5 10.5h6M10.5 7.5v6",
  zoomOut: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20M7.5 10.5h6",
};

export type IconName = keyof typeof shapes;

export const iconNames = Object.keys(shapes) as IconName[];

/** One sign; `filled` paints it, as for a star that is set. */
export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <svg class={filled ? "icon icon-filled" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
