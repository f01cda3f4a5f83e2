// The whole window for a picture: nothing else is reachable until it is done with.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface StageProps {
  label: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Stage({ label, onClose, children }: StageProps) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const cancelled = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog class="stage" ref={box} aria-label={label} onCancel={cancelled}>
      {children}
    </dialog>
  );
}
