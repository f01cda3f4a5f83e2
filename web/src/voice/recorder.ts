// Recording a voice: the microphone is on while it records, and at no other time.

import { batch, signal } from "@preact/signals";
import type { Voice } from "../attach/content";
import { inBars, loudness } from "./loudness";

/** asking: the browser asks the person. paused: can be listened to. */
export type Stage = "asking" | "recording" | "paused" | "over";

export type Problem = "blocked" | "none" | "busy" | "insecure" | "unsupported";

/** Longer notes end by themselves; they are better typed, or said to the person. */
export const longestMs = 10 * 60_000;

/** How often loudness is measured. */
const momentMs = 100;

/** The best that the browser can make. Opus everywhere but in older Safari. */
const types = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

export class Recorder {
  readonly stage = signal<Stage>("asking");
  readonly problem = signal<Problem | undefined>(undefined);
  readonly elapsed = signal(0);
  readonly moments = signal<number[]>([]);
  #stream: MediaStream | undefined;
  #media: MediaRecorder | undefined;
  #sound: AudioContext | undefined;
  #chunks: Blob[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #before = 0;
  #since = 0;

  /** Asks for the microphone and begins. */
  async start(): Promise<void> {
    try {
      if (!navigator.mediaDevices) throw new DOMException("a page without TLS has no microphone", "SecurityError");
      const type = typeof MediaRecorder === "undefined" ? undefined : types.find((one) => MediaRecorder.isTypeSupported(one));
      if (!type) throw new DOMException("no known format", "NotSupportedError");
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: false });
      if (this.stage.value === "over") return stopAll(stream);
      this.#begin(stream, type);
    } catch (error) {
      this.problem.value = problemOf(error);
    }
  }

  pause(): void {
    if (this.#media?.state !== "recording") return;
    this.#media.pause();
    this.#before += performance.now() - this.#since;
    this.#muted(true);
    this.stage.value = "paused";
  }

  resume(): void {
    if (this.#media?.state !== "paused" || this.elapsed.value >= longestMs) return;
    this.#muted(false);
    this.#media.resume();
    this.#since = performance.now();
    this.stage.value = "recording";
  }

  /** What has been recorded so far, for listening to it. */
  async soFar(): Promise<Blob> {
    if (this.#media && this.#media.state !== "inactive") await this.#flushed((media) => media.requestData(), "dataavailable");
    return new Blob(this.#chunks, { type: this.#type });
  }

  /** Ends the recording; undefined when there is nothing of it. */
  async finish(name: string): Promise<{ file: File; voice: Voice } | undefined> {
    if (!this.#media) return undefined;
    if (this.stage.value === "recording") this.pause();
    const duration = Math.round(this.elapsed.value);
    await this.#flushed((media) => media.stop(), "stop");
    const waveform = inBars(this.moments.value);
    this.discard();
    const file = new File(this.#chunks, `${name}.${this.#type.split("/")[1]}`, { type: this.#type });
    return file.size > 0 && duration > 0 ? { file, voice: { duration, waveform } } : undefined;
  }

  /** Ends it and forgets it. */
  discard(): void {
    clearInterval(this.#timer);
    this.stage.value = "over";
    if (this.#media?.state !== "inactive") this.#media?.stop();
    if (this.#stream) stopAll(this.#stream);
    void this.#sound?.close().catch(() => undefined);
    this.#sound = undefined;
  }

  get #type(): string {
    return this.#media?.mimeType.split(";")[0] ?? "";
  }

  #begin(stream: MediaStream, type: string): void {
    this.#stream = stream;
    this.#media = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 24_000 });
    this.#media.addEventListener("dataavailable", (event) => this.#chunks.push(event.data));
    const sound = new AudioContext();
    const analyser = sound.createAnalyser();
    analyser.fftSize = 1024;
    sound.createMediaStreamSource(stream).connect(analyser);
    this.#sound = sound;
    // The whole of it is handed over only at the end and when it is paused: cut into pieces it would not play everywhere.
    this.#media.start();
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#tick(analyser), momentMs);
    this.stage.value = "recording";
  }

  #tick(analyser: AnalyserNode): void {
    if (this.stage.value !== "recording") return;
    const samples = new Uint8Array(analyser.fftSize);
    analyser.getByteTimeDomainData(samples);
    batch(() => {
      this.elapsed.value = this.#before + performance.now() - this.#since;
      this.moments.value = [...this.moments.value, loudness(samples)];
    });
    if (this.elapsed.value >= longestMs) this.pause();
  }

  #muted(muted: boolean): void {
    for (const track of this.#stream?.getTracks() ?? []) track.enabled = !muted;
  }

  async #flushed(ask: (media: MediaRecorder) => void, event: "dataavailable" | "stop"): Promise<void> {
    const media = this.#media;
    if (!media || media.state === "inactive") return;
    await new Promise<void>((resolve) => {
      media.addEventListener(event, () => resolve(), { once: true });
      ask(media);
    });
  }
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function problemOf(error: unknown): Problem {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
      return "blocked";
    case "SecurityError":
      return "insecure";
    case "NotSupportedError":
      return "unsupported";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "none";
  }
}
