// Short words about what has just happened: shown at the foot of the window for a while, and spoken politely. Nothing that a
// person must not miss belongs here.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button, IconButton } from "./button";
import { words } from "./words";

export interface Toast {
  text: string;
  /** One thing that can be done about it, such as taking it back. */
  action?: { label: string; onSelect: () => void };
}

const toast = signal<Toast | undefined>(undefined);
const spoken = signal("");

/** How long words without an action stay, in milliseconds; those with one stay until they are answered. */
const staysMs = 6_000;

/** Shows and speaks it, in the place of what was shown before. */
export function tell(text: string, action?: Toast["action"]): void {
  toast.value = { text, action };
}

/** Speaks it to those who use a screen reader, and shows nothing. */
export function announce(text: string): void {
  spoken.value = text;
}

/** The place for both; once in the page. */
export function Announcements() {
  const shown = toast.value;
  const region = useRef<HTMLDivElement>(null);
  // The same words twice are two announcements: they are taken out between.
  useEffect(
    () =>
      effect(() => {
        const text = spoken.value;
        if (text === "" || !region.current) return;
        region.current.textContent = text;
        spoken.value = "";
      }),
    [],
  );
  useEffect(() => {
    if (!shown || shown.action) return;
    const timer = setTimeout(() => toast.value === shown && (toast.value = undefined), staysMs);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <div class="announcements">
      <div class="visually-hidden" aria-live="polite" ref={region} />
      <div role="status">{shown && <ToastView toast={shown} />}</div>
    </div>
  );
}

/** The words and what can be done about them; `still` where it is not at the foot of the window. */
export function ToastView({ toast: shown, still = false }: { toast: Toast; still?: boolean }) {
  const close = () => (toast.value = undefined);
  const act = () => {
    close();
    shown.action?.onSelect();
  };
  return (
    <div class={still ? "toast toast-still" : "toast"}>
      <span>{shown.text}</span>
      {shown.action && (
        <Button kind="quiet" onClick={act}>
          {shown.action.label}
        </Button>
      )}
      <IconButton icon="close" label={words.close} onClick={close} />
    </div>
  );
}
