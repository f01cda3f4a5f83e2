// The event that carries a file (client-server API, "m.image", "m.video", "m.audio", "m.file"; voice notes as MSC3245).

import type { Content } from "../matrix/event";

export type Kind = "image" | "video" | "audio" | "file";

/** What is known of a file besides its bytes; lengths in pixels and milliseconds. */
export interface Measure {
  width?: number;
  height?: number;
  duration?: number;
}

/** A recorded voice: its loudness over time, from 0 to 1. */
export interface Voice {
  duration: number;
  waveform: number[];
}

/** Pictures that every browser shows; others are sent as files. */
const pictures: readonly string[] = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"];

/** The greatest value of a waveform (MSC3246). */
const loudest = 1024;

export function kindOf(type: string): Kind {
  if (pictures.includes(type)) return "image";
  if (type.startsWith("video/")) return "video";
  return type.startsWith("audio/") ? "audio" : "file";
}

/** The content of the event, but for the file's address, which the outbox adds once it has one. */
export function fileContent(file: { name: string; type: string; size: number }, caption: string, measure: Measure): Content {
  const info: Content = { mimetype: file.type || "application/octet-stream", size: file.size };
  if (measure.width !== undefined) info.w = measure.width;
  if (measure.height !== undefined) info.h = measure.height;
  if (measure.duration !== undefined) info.duration = measure.duration;
  return { msgtype: `m.${kindOf(file.type)}`, body: caption || file.name, filename: file.name, info, "m.mentions": {} };
}

/** The content of a voice note. */
export function voiceContent(file: { name: string; type: string; size: number }, voice: Voice): Content {
  return {
    ...fileContent(file, "", { duration: voice.duration }),
    msgtype: "m.audio",
    "m.voice": {},
    "org.matrix.msc3245.voice": {},
    "org.matrix.msc1767.audio": { duration: voice.duration, waveform: voice.waveform.map((one) => Math.round(Math.min(1, Math.max(0, one)) * loudest)) },
  };
}
