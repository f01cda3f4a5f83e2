// What lies over the page until it is answered: a dialog in the middle, or a sheet from the edge. Present is open: render it
// while it is wanted, and stop when onClose is called. The focus goes in, and back to where it was.

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./button";
import { words } from "./words";

export interface DialogProps {
  title: string;
  /** Asked for by Escape, by the close button or by pressing beside it. */
  onClose: () => void;
  /** The buttons that answer it, the likely one first. */
  actions?: ComponentChildren;
  /** A question that must be answered by its buttons has no close button, and pressing beside it does nothing. */
  closable?: boolean;
  children?: ComponentChildren;
}

/** A question or a short form. */
export function Dialog(props: DialogProps) {
  return <Layer {...props} kind="dialog" />;
}

/** More to read or choose from: beside the page on a wide screen, from below on a narrow one. */
export function Sheet(props: DialogProps) {
  return <Layer {...props} kind="sheet" />;
}

function Layer({ kind, title, onClose, actions, closable = true, children }: DialogProps & { kind: "dialog" | "sheet" }) {
  const box = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useOpen(box);
  const cancelled = (event: Event) => {
    // It stays until its owner takes it away; what owns it knows that it is gone.
    event.preventDefault();
    onClose();
  };
  const beside = (event: MouseEvent) => {
    if (closable && isOutside(event, event.currentTarget as HTMLElement)) onClose();
  };
  return (
    <dialog class={kind === "sheet" ? "dialog sheet" : "dialog"} ref={box} aria-labelledby={titleId} onCancel={cancelled} onPointerDown={beside}>
      <header class="dialog-head">
        <h2 id={titleId} tabIndex={-1}>
          {title}
        </h2>
        {closable && <IconButton icon="close" label={words.close} onClick={onClose} />}
      </header>
      <div class="dialog-body">{children}</div>
      {actions && <div class="dialog-actions">{actions}</div>}
    </dialog>
  );
}

function useOpen(box: { current: HTMLDialogElement | null }): void {
  useLayoutEffect(() => {
    const dialog = box.current;
    if (!dialog) return;
    const before = document.activeElement;
    dialog.showModal();
    const wanted = dialog.querySelector<HTMLElement>("[autofocus]") ?? dialog.querySelector<HTMLElement>("h2");
    wanted?.focus();
    return () => {
      dialog.close();
      // What opened it may be gone with what was decided: then reading goes on at the head of the page.
      const back = before instanceof HTMLElement && before.isConnected ? before : document.querySelector<HTMLElement>("h1[tabindex]");
      back?.focus();
    };
  }, []);
}

function isOutside(event: MouseEvent, box: HTMLElement): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
}
