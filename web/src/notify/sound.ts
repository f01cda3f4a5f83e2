// The sound of a message: two short tones, made here, so that there is no file to load. And whether this device makes it.

import { signal } from "@preact/signals";

const key = "wardline.sound";

/** Whether this device makes a sound; on until it is switched off. */
export const soundOn = signal(read());

function read(): boolean {
  try {
    return localStorage.getItem(key) !== "off";
  } catch {
    return true;
  }
}

export function setSound(on: boolean): void {
  soundOn.value = on;
  try {
    if (on) localStorage.removeItem(key);
    else localStorage.setItem(key, "off");
  } catch {
    // Nothing may be stored: it holds until the page is left.
  }
}

/** Hertz and seconds after the start. */
const tones = [
  { pitch: 784, at: 0 },
  { pitch: 1046.5, at: 0.14 },
];
const lengthS = 0.32;
const loudness = 0.25;

let context: AudioContext | undefined;

/** Makes the sound. False where the browser does not let a page sound that has not been touched yet, or has no sound. */
export async function ring(): Promise<boolean> {
  try {
    context ??= new AudioContext();
    // Where it may not sound it never resumes; it says so by its state.
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 500))]);
    if (context.state !== "running") return false;
    for (const { pitch, at } of tones) play(context, pitch, context.currentTime + at);
    return true;
  } catch {
    return false;
  }
}

function play(on: AudioContext, pitch: number, at: number): void {
  const tone = on.createOscillator();
  const volume = on.createGain();
  tone.frequency.value = pitch;
  // It swells and fades: a tone that is switched on and off clicks.
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(loudness, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + lengthS);
  tone.connect(volume).connect(on.destination);
  tone.start(at);
  tone.stop(at + lengthS);
}
