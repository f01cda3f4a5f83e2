// The camera inside the app: the picture goes from the lens to the editor and to the message, and to no gallery.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../look/button";
import { PictureEditor } from "./editor";
import { Stage } from "./stage";
import { words } from "./words";

type Problem = "blocked" | "none" | "busy" | "insecure";
type Facing = "environment" | "user";

export interface CameraProps {
  onPicture: (file: File) => void;
  onClose: () => void;
}

export function Camera({ onPicture, onClose }: CameraProps) {
  const taken = useSignal<Blob | undefined>(undefined);
  if (taken.value) return <PictureEditor picture={taken.value} name={nameNow()} onDone={onPicture} onClose={() => (taken.value = undefined)} />;
  return <Finder onTaken={(picture) => (taken.value = picture)} onClose={onClose} />;
}

/** Says nothing of whom it shows. */
function nameNow(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `photo-${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

function Finder({ onTaken, onClose }: { onTaken: (picture: Blob) => void; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const facing = useSignal<Facing>("environment");
  const { problem, several, live } = useCamera(video, facing.value);
  const take = async () => {
    const picture = video.current && (await still(video.current));
    if (picture) onTaken(picture);
  };
  return (
    <Stage label={words.camera} onClose={onClose}>
      <header class="stage-bar">
        <IconButton icon="close" label={words.close} onClick={onClose} />
      </header>
      {problem ? (
        <p class="stage-problem" role="alert">
          {words.problem[problem]}
        </p>
      ) : (
        <div class="stage-picture">
          <video ref={video} class="stage-video" autoplay muted playsInline aria-label={words.finder} />
        </div>
      )}
      <footer class="stage-foot">
        <span />
        <button type="button" class="shutter" aria-label={words.take} aria-disabled={!live} autofocus onClick={() => live && void take()} />
        {several ? <IconButton icon="undo" label={words.turnCamera} onClick={() => (facing.value = facing.value === "user" ? "environment" : "user")} /> : <span />}
      </footer>
    </Stage>
  );
}

/** Runs the camera while it is looked through; it is off as soon as the window is not seen. */
function useCamera(video: { current: HTMLVideoElement | null }, facing: Facing) {
  const problem = useSignal<Problem | undefined>(undefined);
  const several = useSignal(false);
  const live = useSignal(false);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let over = false;
    const off = () => {
      live.value = false;
      for (const track of stream?.getTracks() ?? []) track.stop();
      stream = undefined;
    };
    const on = async () => {
      try {
        const opened = await open(facing);
        if (over || document.hidden) return opened.getTracks().forEach((track) => track.stop());
        stream = opened;
        several.value = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput").length > 1;
        if (video.current) video.current.srcObject = stream;
        live.value = true;
        problem.value = undefined;
      } catch (error) {
        problem.value = problemOf(error);
      }
    };
    const seen = () => (document.hidden ? off() : void on());
    document.addEventListener("visibilitychange", seen);
    void on();
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", seen);
      off();
    };
  }, [facing]);
  return { problem: problem.value, several: several.value, live: live.value };
}

async function open(facing: Facing): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new DOMException("a page without TLS has no camera", "SecurityError");
  return await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: facing }, width: { ideal: 1920 }, height: { ideal: 1440 } } });
}

function problemOf(error: unknown): Problem {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
      return "blocked";
    case "SecurityError":
      return "insecure";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "none";
  }
}

/** What the camera sees now. PNG, so that it is compressed once, when it is finished. */
async function still(video: HTMLVideoElement): Promise<Blob | null> {
  if (video.videoWidth === 0) return null;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
