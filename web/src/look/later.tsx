// Views that are loaded when they are first shown, so that the first screen does not wait for them.

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { Button } from "./button";
import { Empty, Skeleton } from "./state";
import { words } from "./words";

/** Gives a component, with `Waiting` in its place meanwhile, for a view that is loaded when it is first rendered: `later(() => import("../settings/view").then((its) => its.SettingsPage))`. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>, Waiting: ComponentType = Loading): ComponentType<P> {
  const view = signal<{ is: ComponentType<P> } | "failed" | undefined>(undefined);
  let loading = false;
  const begin = async () => {
    if (loading) return;
    loading = true;
    view.value = undefined;
    view.value = await load().then(
      (is) => ({ is }),
      () => "failed" as const,
    );
    loading = false;
  };
  return function Later(props: P) {
    const now = view.value;
    if (now === undefined) {
      void begin();
      return <Waiting />;
    }
    if (now === "failed") return <Empty icon="offline" title={words.notLoaded} hint={words.notLoadedHint} action={<Button onClick={() => void begin()}>{words.tryAgain}</Button>} />;
    const View = now.is;
    return <View {...props} />;
  };
}

function Loading() {
  return <Skeleton label={words.loading} kind="text" />;
}
