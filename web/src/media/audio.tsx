// A recording that plays in its message. It is fetched when it is first played.

import { useEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import type { Account } from "../matrix/account";
import type { File } from "../matrix/body";
import { length } from "../words/times";
import { useFile } from "./use";
import type { FileBody } from "./view";
import { words as say } from "./words";

/** The one recording that plays: another stops it. */
let playing: HTMLAudioElement | undefined;

export function AudioView({ body, file, account }: { body: FileBody; file: File; account: Account }) {
  const [wanted, setWanted] = useState(false);
  const [{ at, going }, setState] = useState({ at: 0, going: false });
  const player = useRef<HTMLAudioElement>(null);
  const sound = useFile(account, file, undefined, wanted);
  const url = sound.url;
  useEffect(() => {
    if (url !== undefined) void player.current?.play().catch(() => undefined);
  }, [url]);
  const total = (file.duration ?? 0) / 1000;
  const toggle = () => {
    if ("failed" in sound && sound.failed) return sound.again();
    if (!wanted || !player.current) return setWanted(true);
    if (going) player.current.pause();
    else void player.current.play().catch(() => undefined);
  };
  const told = (event: Event) => {
    const audio = event.currentTarget as HTMLAudioElement;
    setState({ at: audio.currentTime, going: !audio.paused });
    if (audio.paused) return;
    if (playing !== audio) playing?.pause();
    playing = audio;
  };
  return (
    <div class="audio">
      <IconButton icon={going ? "pause" : "play"} label={going ? say.pause : say.play} busy={wanted && url === undefined && !("failed" in sound && sound.failed)} onClick={toggle} />
      <span class="audio-words">
        <bdi class="file-name">{file.voice ? say.voice : body.name}</bdi>
        {file.waveform && <Wave levels={file.waveform} share={total > 0 ? at / total : 0} />}
        <span class="audio-line">
          <input type="range" min={0} max={Math.max(1, total)} step={0.1} value={at} disabled={url === undefined} aria-label={say.position} aria-valuetext={length(at)} onInput={(event) => player.current && (player.current.currentTime = Number(event.currentTarget.value))} />
          <span class="file-about">{"failed" in sound && sound.failed ? say.failed : length(at > 0 ? at : total)}</span>
        </span>
      </span>
      {file.voice && <Icon name="mic" />}
      {url !== undefined && <audio ref={player} src={url} onTimeUpdate={told} onPlay={told} onPause={told} onEnded={told} />}
    </div>
  );
}

const bars = 48;

/** How loud it is along its way; decoration. */
function Wave({ levels, share }: { levels: number[]; share: number }) {
  const each = Array.from({ length: bars }, (_, at) => levels[Math.floor((at * levels.length) / bars)] ?? 0);
  return (
    <svg class="wave" viewBox={`0 0 ${bars * 4} 32`} preserveAspectRatio="none" aria-hidden="true">
      {each.map((level, at) => {
        const height = 3 + (level / 1024) * 29;
        return <rect key={at} class={at / bars < share ? "wave-past" : undefined} x={at * 4} y={16 - height / 2} width={2.5} height={height} rx={1} />;
      })}
    </svg>
  );
}
