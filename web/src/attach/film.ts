// How large a film is and how long a film or a recording lasts, as the browser itself finds out.

import type { Measure } from "./content";

/** A file that has not said in this time what it is, in milliseconds, goes without. */
const patienceMs = 5_000;

/** What the browser can tell of a film or a recording; nothing when it cannot play it. */
export async function measureFilm(file: Blob): Promise<Measure> {
  const player = document.createElement(file.type.startsWith("audio/") ? "audio" : "video");
  player.preload = "metadata";
  player.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      player.onloadedmetadata = resolve;
      player.onerror = reject;
      setTimeout(reject, patienceMs);
    });
    return { ...sizeOf(player), ...(Number.isFinite(player.duration) ? { duration: Math.round(player.duration * 1000) } : {}) };
  } catch {
    return {};
  } finally {
    URL.revokeObjectURL(player.src);
    player.removeAttribute("src");
  }
}

function sizeOf(player: HTMLMediaElement): Measure {
  return player instanceof HTMLVideoElement && player.videoWidth > 0 ? { width: player.videoWidth, height: player.videoHeight } : {};
}
