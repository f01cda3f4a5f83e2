// What the whole window has to do with the composer: files dropped anywhere on it, closing it too early, and its going away.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Tray } from "../attach/model";
import type { Outbox } from "../matrix/outbox";
import type { Composer } from "./model";

/** Whether files are being dragged over the window. Wherever they are dropped they are added, and never opened in the app's place. */
export function useDrop(tray: Tray): boolean {
  const over = useSignal(false);
  useEffect(() => {
    const mine = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const dragged = (event: DragEvent) => {
      if (!mine(event) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      over.value = true;
    };
    const left = (event: DragEvent) => {
      if (event.relatedTarget === null) over.value = false;
    };
    const dropped = (event: DragEvent) => {
      if (!mine(event)) return;
      event.preventDefault();
      if (over.value) tray.add([...(event.dataTransfer?.files ?? [])]);
      over.value = false;
    };
    addEventListener("dragover", dragged);
    addEventListener("dragleave", left);
    addEventListener("drop", dropped);
    return () => {
      removeEventListener("dragover", dragged);
      removeEventListener("dragleave", left);
      removeEventListener("drop", dropped);
    };
  }, [tray]);
  return over.value;
}

/** Asks before the window closes over a message that only the window holds. */
export function useBeforeClosing(outbox: Outbox): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (outbox.held > 0) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [outbox]);
}

/** Keeps the draft when the page goes away or out of sight, after which a phone may end it without a word. */
export function useKeeping(model: Composer): void {
  useEffect(() => {
    const keep = () => model.keepNow();
    addEventListener("pagehide", keep);
    document.addEventListener("visibilitychange", keep);
    return () => {
      removeEventListener("pagehide", keep);
      document.removeEventListener("visibilitychange", keep);
    };
  }, [model]);
}
