// The banner that says when there is no connection, and since when it is being mended.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Connection } from "./model";
import { words } from "./words";

/** A connection made sooner than this is not worth a word. */
const patienceMs = 1_500;

export function ConnectionBanner({ connection }: { connection: Connection }) {
  const patient = useSignal(true);
  const { state } = connection.status.value;
  useEffect(() => {
    if (state !== "connecting") return;
    patient.value = true;
    const timer = setTimeout(() => (patient.value = false), patienceMs);
    return () => clearTimeout(timer);
  }, [state]);
  useEffect(() => {
    if (state !== "waiting") return;
    const timer = setInterval(() => (connection.now.value = Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [state]);
  useNetworkEvents(connection);
  return (
    <div>
      <div role="status" class="visually-hidden">
        {state === "waiting" ? words.lost : ""}
      </div>
      {state === "waiting" && (
        <div class="banner">
          <span>{words.waiting(connection.secondsLeft.value)}</span>
          <button type="button" class="button-quiet" onClick={() => connection.tryNow()}>
            {words.tryNow}
          </button>
        </div>
      )}
      {state === "connecting" && !patient.value && <div class="banner banner-calm">{words.connecting}</div>}
    </div>
  );
}

function useNetworkEvents(connection: Connection): void {
  useEffect(() => {
    const changed = () => connection.networkChanged();
    const shown = () => document.visibilityState === "visible" && connection.status.value.state !== "live" && connection.tryNow();
    addEventListener("online", changed);
    addEventListener("offline", changed);
    document.addEventListener("visibilitychange", shown);
    return () => {
      removeEventListener("online", changed);
      removeEventListener("offline", changed);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [connection]);
}
