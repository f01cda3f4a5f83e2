// The room that a picture takes before it is there, so that nothing jumps when it comes. Pure.

import type { File } from "../matrix/body";

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

const widest = 320;
const highest = 360;
const least = 96;
/** For a picture whose size the sender did not tell. */
const unknown: Size = { width: 240, height: 180 };

/** The size at which a picture or a film is shown in a message, within the width there is. */
export function shownSize(file: File, across: number): Size {
  const natural = file.width && file.height ? { width: file.width, height: file.height } : unknown;
  const scale = Math.min(1, Math.min(widest, across) / natural.width, highest / natural.height);
  return { width: Math.max(least, Math.round(natural.width * scale)), height: Math.max(least, Math.round(natural.height * scale)) };
}
