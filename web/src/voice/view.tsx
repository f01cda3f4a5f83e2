// Recording a voice note, in the composer's place: pause and listen, send, or throw away.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Voice } from "../attach/content";
import { announce } from "../look/announce";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { clockOf, inBars } from "./loudness";
import { Recorder } from "./recorder";
import { words } from "./words";

/** Bars shown while it is recorded. */
const shownBars = 40;

export interface VoiceProps {
  onSend: (file: File, voice: Voice) => void;
  onClose: () => void;
}

export function VoiceBar({ onSend, onClose }: VoiceProps) {
  const recorder = useMemo(() => new Recorder(), []);
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    void recorder.start();
    return () => recorder.discard();
  }, [recorder]);
  const stage = recorder.stage.value;
  useEffect(() => {
    if (stage === "recording" || stage === "paused") announce(words[stage]);
  }, [stage]);
  useEffect(() => first.current?.focus(), []);
  const send = async () => {
    const made = await recorder.finish("voice");
    if (made) onSend(made.file, made.voice);
    else onClose();
  };
  const running = stage === "recording" || stage === "paused";
  return (
    <div class="voice" id="composer" tabIndex={-1} role="group" aria-label={words.title} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <IconButton icon="trash" label={words.discard} inner={first} onClick={onClose} />
      {recorder.problem.value ? (
        <p class="voice-problem" role="alert">
          {words.problem[recorder.problem.value]}
        </p>
      ) : (
        <Running recorder={recorder} />
      )}
      {running && (
        <button type="button" class="send" aria-label={words.send} title={words.send} onClick={() => void send()}>
          <Icon name="send" />
        </button>
      )}
    </div>
  );
}

function Running({ recorder }: { recorder: Recorder }) {
  const stage = recorder.stage.value;
  if (stage === "asking") return <p class="voice-wait">{words.asking}</p>;
  const recording = stage === "recording";
  return (
    <>
      <span class={recording ? "voice-light voice-light-on" : "voice-light"} aria-hidden="true" />
      <span class="voice-time" role="timer">
        {clockOf(recorder.elapsed.value)}
      </span>
      <Bars moments={recorder.moments.value} />
      {!recording && <Listen recorder={recorder} />}
      {recording ? <IconButton icon="pause" label={words.pause} onClick={() => recorder.pause()} /> : <IconButton icon="mic" label={words.resume} onClick={() => recorder.resume()} />}
    </>
  );
}

/** The latest moments while it is recorded. Decoration: the time stands beside it. */
function Bars({ moments }: { moments: readonly number[] }) {
  const shown = inBars(moments.slice(-shownBars * 2), shownBars);
  return (
    <svg class="voice-bars" viewBox={`0 0 ${shownBars * 4} 24`} preserveAspectRatio="xMaxYMid meet" aria-hidden="true" focusable="false">
      {shown.map((height, at) => {
        const half = 1 + 10 * height;
        return <rect key={at} x={(shownBars - shown.length + at) * 4} y={12 - half} width="2.5" height={2 * half} rx="1.25" />;
      })}
    </svg>
  );
}

function Listen({ recorder }: { recorder: Recorder }) {
  const playing = useSignal(false);
  const player = useRef<HTMLAudioElement | undefined>(undefined);
  const stop = () => {
    player.current?.pause();
    if (player.current) URL.revokeObjectURL(player.current.src);
    player.current = undefined;
    playing.value = false;
  };
  useEffect(() => stop, []);
  const play = async () => {
    const audio = new Audio(URL.createObjectURL(await recorder.soFar()));
    player.current = audio;
    audio.onended = stop;
    audio.onerror = stop;
    playing.value = true;
    await audio.play().catch(stop);
  };
  return <IconButton icon={playing.value ? "stop" : "play"} label={playing.value ? words.stop : words.listen} onClick={() => (playing.value ? stop() : void play())} />;
}
