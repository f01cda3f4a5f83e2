// The page on which a person says when and how this device is to tell them of messages, and finds out whether it does.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Button } from "../look/button";
import { Toggle } from "../look/choice";
import { Notice } from "../look/state";
import type { Account } from "../matrix/account";
import { CheckupSection } from "./check";
import { device } from "./device";
import { LevelSection } from "./levels";
import { Notifications } from "./model";
import { QuietSection } from "./quiet";
import { ring, setSound, soundOn } from "./sound";
import { words } from "./words";

/** Everything below the page's title. */
export function NotificationsPage({ account }: { account: Account }) {
  const notifications = useMemo(() => new Notifications(account.client, device), [account]);
  useEffect(() => void notifications.look(), [notifications]);
  return (
    <div class="notify">
      <DeviceSection notifications={notifications} />
      <CheckupSection notifications={notifications} account={account} />
      <SoundSection />
      <QuietSection account={account} />
      <LevelSection account={account} />
    </div>
  );
}

function DeviceSection({ notifications }: { notifications: Notifications }) {
  const state = notifications.state.value;
  const trouble = notifications.trouble.value;
  const busy = notifications.busy.value;
  const change = (on: boolean) => void (on ? notifications.enable() : notifications.disable());
  const hindrance = { unsupported: words.device.unsupported, "home screen": words.device.homeScreen, blocked: words.device.blocked, unknown: undefined, off: undefined, on: undefined }[state];
  return (
    <section aria-labelledby="notify-device">
      <h2 id="notify-device">{words.device.title}</h2>
      {hindrance ? (
        <Notice kind="warning">
          <p>{hindrance}</p>
        </Notice>
      ) : (
        <Toggle label={words.device.label} hint={words.device.hint} checked={state === "on"} disabled={busy || state === "unknown"} onChange={change} />
      )}
      {trouble && (
        <Notice kind="error">
          <p>{words.device[trouble]}</p>
        </Notice>
      )}
    </section>
  );
}

function SoundSection() {
  const silent = useSignal(false);
  const play = async () => {
    silent.value = !(await ring());
  };
  return (
    <section aria-labelledby="notify-sound">
      <h2 id="notify-sound">{words.sound.title}</h2>
      <Toggle label={words.sound.label} hint={words.sound.hint} checked={soundOn.value} onChange={setSound} />
      <Button kind="secondary" small icon="sound" onClick={() => void play()}>
        {words.sound.play}
      </Button>
      {silent.value && (
        <Notice kind="warning">
          <p>{words.sound.silent}</p>
        </Notice>
      )}
    </section>
  );
}
