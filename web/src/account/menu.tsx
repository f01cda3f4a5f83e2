// The account at the head of the list: who is signed in, their settings, and the way out.

import { useSignal } from "@preact/signals";
import { Button } from "../look/button";
import { Dialog } from "../look/dialog";
import { Menu, type MenuItem } from "../look/menu";
import type { SignIn } from "./model";
import { words } from "./words";

const say = words.menu;

export interface AccountMenuProps {
  signIn: SignIn;
  /** How many messages signing out would lose. */
  unsent: () => Promise<number>;
  onSettings: () => void;
  /** Other things to do with the account, above signing out. */
  more?: MenuItem[];
}

export function AccountMenu({ signIn, unsent, onSettings, more = [] }: AccountMenuProps) {
  const losing = useSignal(0);
  const leave = async () => {
    losing.value = await unsent();
    if (losing.value === 0) await signIn.signOut();
  };
  const items: MenuItem[] = [
    { id: "settings", label: say.settings, icon: "settings", onSelect: onSettings },
    ...more,
    { id: "sign-out", label: words.signOut.action, icon: "signOut", onSelect: () => void leave() },
  ];
  if (signIn.busy.value) return <p role="status">{words.signOut.signingOut}</p>;
  return (
    <>
      <Menu label={say.label(signIn.displayName.value)} icon="person" items={items} class="account-menu" />
      {losing.value > 0 && (
        <Dialog title={words.signOut.unsentTitle} closable={false} onClose={() => (losing.value = 0)} actions={<Answers signIn={signIn} onStay={() => (losing.value = 0)} />}>
          <p>{words.signOut.unsent(losing.value)}</p>
        </Dialog>
      )}
    </>
  );
}

function Answers({ signIn, onStay }: { signIn: SignIn; onStay: () => void }) {
  return (
    <>
      <Button kind="warning" onClick={() => void signIn.signOut()}>
        {words.signOut.anyway}
      </Button>
      <Button kind="secondary" onClick={onStay}>
        {words.signOut.stay}
      </Button>
    </>
  );
}
