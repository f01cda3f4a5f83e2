// Inviting colleagues to a group, and telling them why.

import { useSignal } from "@preact/signals";
import { tell } from "../look/announce";
import { Button } from "../look/button";
import { Dialog } from "../look/dialog";
import { Field } from "../look/form";
import { Notice } from "../look/state";
import { MatrixError } from "../matrix/http";
import type { Person } from "../people/person";
import { PickPeople } from "../people/pick";
import type { AboutProps } from "./about";
import type { Group } from "./model";
import { words } from "./words";

const say = words.about;

/** Bytes enough for a sentence. */
const longestReason = 200;

export function AddPeople({ group, directory, onClose }: AboutProps & { group: Group; onClose: () => void }) {
  const chosen = useSignal<readonly Person[]>([]);
  const reason = useSignal("");
  const state = useSignal<"choosing" | "nobody" | "busy" | "failed" | "refused">("choosing");
  const present = (id: string) => id === group.me || group.people.value.some((one) => one.user_id === id);
  const add = async () => {
    if (chosen.value.length === 0) {
      state.value = "nobody";
      document.getElementById("find")?.focus();
      return;
    }
    state.value = "busy";
    try {
      await group.invite(chosen.value.map((one) => one.user_id), reason.value.trim());
      tell(say.added(chosen.value.length));
      onClose();
    } catch (error) {
      // Those invited before it failed are in the list by now.
      void group.load();
      chosen.value = chosen.value.filter((one) => !present(one.user_id));
      state.value = error instanceof MatrixError && error.status === 403 ? "refused" : "failed";
    }
  };
  const actions = (
    <>
      <Button busy={state.value === "busy"} onClick={() => void add()}>
        {say.addSubmit(chosen.value.length)}
      </Button>
      <Button kind="secondary" onClick={onClose}>
        {words.cancel}
      </Button>
    </>
  );
  return (
    <Dialog title={say.addTitle} onClose={onClose} actions={actions}>
      {state.value === "nobody" && <Notice kind="error">{say.addNobody}</Notice>}
      {state.value === "failed" && <Notice kind="error">{words.failed}</Notice>}
      {state.value === "refused" && <Notice kind="error">{words.refused}</Notice>}
      <PickPeople directory={directory} label={words.create.people} hint={words.create.peopleHint} chosen={chosen} without={present} />
      <Field name="invite-reason" label={say.why} hint={say.whyHint}>
        {(props) => <input {...props} class="input" maxLength={longestReason} dir="auto" autocomplete="off" value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />}
      </Field>
    </Dialog>
  );
}
