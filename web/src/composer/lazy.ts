// A part of the screen that is loaded when it is first wanted.

import { useSignal, type ReadonlySignal } from "@preact/signals";

export interface Lazy<T> {
  /** The component, while it is wanted and there. */
  shown: ReadonlySignal<T | undefined>;
  show: () => void;
  hide: () => void;
}

/** `failed` is told when it could not be loaded, as without a network. */
export function useLazy<T extends (...props: never[]) => unknown>(load: () => Promise<T>, failed: () => void): Lazy<T> {
  const shown = useSignal<T | undefined>(undefined);
  const show = () => {
    load().then((part) => (shown.value = part), failed);
  };
  return { shown, show, hide: () => (shown.value = undefined) };
}
