// The devices that are signed in with this account, and signing others out.

import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { tell } from "../look/announce";
import { Button } from "../look/button";
import { Dialog } from "../look/dialog";
import { PasswordField } from "../look/form";
import { Icon, type IconName } from "../look/icon";
import { Empty, Notice, Skeleton, Tag } from "../look/state";
import { worded } from "../words/catalogue";
import { inFull } from "../words/times";
import { Devices, type Device } from "./model";
import type { PageProps } from "./pages";
import { words } from "./words";

const say = words.devices;

export function DevicesPage({ account }: PageProps) {
  const devices = useMemo(() => new Devices(account), [account]);
  const leaving = useSignal<Device[]>([]);
  const reading = devices.reading.value;
  if (reading === "loading") return <Skeleton label={say.loading} kind="list" rows={3} />;
  if (reading === "failed") return <Empty icon="offline" title={say.failed} action={<Button onClick={() => void devices.load()}>{words.tryAgain}</Button>} />;
  const others = reading.devices.filter((device) => !device.here);
  return (
    <>
      <p class="settings-intro">{say.intro}</p>
      <ul class="devices">
        {reading.devices.map((device) => (
          <Row key={device.id} device={device} onLeave={() => (leaving.value = [device])} />
        ))}
      </ul>
      {others.length > 1 && (
        <Button kind="secondary" onClick={() => (leaving.value = others)}>
          {say.signOutOthers}
        </Button>
      )}
      {leaving.value.length > 0 && <Confirm devices={devices} leaving={leaving.value} onDone={() => (leaving.value = [])} />}
    </>
  );
}

function Row({ device, onLeave }: { device: Device; onLeave: () => void }) {
  return (
    <li class="device">
      <Icon name={sign(device.name)} />
      <div>
        <p class="device-name">{nameOf(device)}</p>
        {device.here ? <Tag kind="good">{say.here}</Tag> : <p class="hint">{device.seen > 0 ? say.seen(inFull(device.seen)) : say.neverSeen}</p>}
      </div>
      {!device.here && (
        <Button kind="secondary" small onClick={onLeave}>
          {say.signOut}
          <span class="visually-hidden">{nameOf(device)}</span>
        </Button>
      )}
    </li>
  );
}

function Confirm({ devices, leaving, onDone }: { devices: Devices; leaving: Device[]; onDone: () => void }) {
  const password = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    problem.value = await devices.signOut(
      leaving.map((device) => device.id),
      password.current?.value ?? "",
    );
    busy.value = false;
    if (problem.value !== undefined) return password.current?.focus();
    onDone();
    tell(say.signedOut(leaving.length));
  };
  const only = leaving.length === 1 ? leaving[0] : undefined;
  return (
    <Dialog title={only ? say.confirm(nameOf(only)) : say.confirmOthers(leaving.length)} onClose={onDone}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <p class="dialog-lead">{say.confirmHint}</p>
        {problem.value === "unreachable" && <Notice kind="error">{words.problem.unreachable}</Notice>}
        <PasswordField name="confirm-password" label={words.password.old} input={password} autocomplete="current-password" problem={problem.value && worded(words.problem, problem.value)} />
        <Button kind="warning" type="submit" busy={busy.value}>
          {say.signOut}
        </Button>
      </form>
    </Dialog>
  );
}

function nameOf(device: Device): string {
  return device.name || say.unnamed;
}

function sign(name: string): IconName {
  return /iphone|android/i.test(name) ? "phone" : "desktop";
}
