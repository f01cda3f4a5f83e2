// Changing a group's name and purpose.

import { useSignal } from "@preact/signals";
import { Button } from "../look/button";
import { Dialog } from "../look/dialog";
import { Field } from "../look/form";
import { Notice } from "../look/state";
import { MatrixError } from "../matrix/http";
import type { Room } from "../matrix/record";
import type { Group } from "./model";
import { longestName, longestPurpose } from "./requests";
import { words } from "./words";

export function EditGroup({ room, group, onClose }: { room: Room; group: Group; onClose: () => void }) {
  const name = useSignal(room.name ?? "");
  const purpose = useSignal(room.purpose ?? "");
  const state = useSignal<"editing" | "busy" | "failed" | "refused" | "nameless">("editing");
  const save = async () => {
    const [newName, newPurpose] = [name.value.trim(), purpose.value.trim()];
    if (newName === "") {
      state.value = "nameless";
      document.getElementById("edit-name")?.focus();
      return;
    }
    state.value = "busy";
    try {
      if (newName !== room.name) await group.rename(newName);
      if (newPurpose !== (room.purpose ?? "")) await group.setPurpose(newPurpose);
      onClose();
    } catch (error) {
      state.value = error instanceof MatrixError && error.status === 403 ? "refused" : "failed";
    }
  };
  const actions = (
    <>
      <Button busy={state.value === "busy"} onClick={() => void save()}>
        {words.save}
      </Button>
      <Button kind="secondary" onClick={onClose}>
        {words.cancel}
      </Button>
    </>
  );
  return (
    <Dialog title={words.about.editTitle} onClose={onClose} actions={actions}>
      {state.value === "failed" && <Notice kind="error">{words.failed}</Notice>}
      {state.value === "refused" && <Notice kind="error">{words.refused}</Notice>}
      <Field name="edit-name" label={words.create.name} hint={words.create.nameHint} problem={state.value === "nameless" ? words.create.noName : undefined}>
        {(props) => <input {...props} class="input" autofocus maxLength={longestName} dir="auto" autocomplete="off" value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />}
      </Field>
      <Field name="edit-purpose" label={words.create.purpose} hint={words.create.purposeHint}>
        {(props) => <textarea {...props} class="input" rows={3} maxLength={longestPurpose} dir="auto" value={purpose.value} onInput={(event) => (purpose.value = event.currentTarget.value)} />}
      </Field>
    </Dialog>
  );
}
