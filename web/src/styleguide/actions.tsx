// What is pressed, and what opens when it is.

import { useSignal } from "@preact/signals";
import { tell, ToastView } from "../look/announce";
import { Button, IconButton } from "../look/button";
import { Dialog, Sheet } from "../look/dialog";
import { Menu, type MenuItem } from "../look/menu";
import { Example, Examples, Section } from "./view";
import { words } from "./words";

const say = words.actions;

const kinds = ["primary", "secondary", "warning", "quiet"] as const;

export function Actions() {
  const on = useSignal(true);
  return (
    <Section title={say.buttons}>
      {kinds.map((kind) => (
        <Examples key={kind}>
          <Example name={kind}>
            <Button kind={kind}>{say.press}</Button>
          </Example>
          <Example name={`${kind}, icon`}>
            <Button kind={kind} icon="plus">
              {say.press}
            </Button>
          </Example>
          <Example name={`${kind}, small`}>
            <Button kind={kind} small>
              {say.press}
            </Button>
          </Example>
          <Example name={`${kind}, disabled`}>
            <Button kind={kind} disabled>
              {say.press}
            </Button>
          </Example>
          <Example name={`${kind}, busy`}>
            <Button kind={kind} busy>
              {say.pressing}
            </Button>
          </Example>
        </Examples>
      ))}
      <Examples>
        <Example name="icon">
          <IconButton icon="star" label={say.star} />
        </Example>
        <Example name="icon, pressed">
          <IconButton icon="star" label={say.star} pressed={on.value} filled={on.value} onClick={() => (on.value = !on.value)} />
        </Example>
        <Example name="icon, disabled">
          <IconButton icon="star" label={say.star} disabled />
        </Example>
      </Examples>
    </Section>
  );
}

export function Layers() {
  const open = useSignal<"dialog" | "question" | "sheet" | undefined>(undefined);
  const close = () => (open.value = undefined);
  const answers = (
    <>
      <Button kind="warning" onClick={close}>
        {say.remove}
      </Button>
      <Button kind="secondary" onClick={close}>
        {say.keep}
      </Button>
    </>
  );
  return (
    <Section title={say.layers}>
      <Examples>
        <Example name="menu">
          <Menu label={say.menu} items={items()} align="start" />
        </Example>
        <Example name="dialog">
          <Button kind="secondary" onClick={() => (open.value = "dialog")}>
            {say.dialog}
          </Button>
        </Example>
        <Example name="question">
          <Button kind="secondary" onClick={() => (open.value = "question")}>
            {say.question}
          </Button>
        </Example>
        <Example name="sheet">
          <Button kind="secondary" onClick={() => (open.value = "sheet")}>
            {say.sheet}
          </Button>
        </Example>
      </Examples>
      <Examples>
        <Example name="toast">
          <ToastView still toast={{ text: say.done }} />
        </Example>
        <Example name="toast, action">
          <ToastView still toast={{ text: say.done, action: { label: say.undo, onSelect: () => tell(say.undone) } }} />
        </Example>
      </Examples>
      {open.value === "dialog" && (
        <Dialog title={say.dialog} onClose={close} actions={<Button onClick={close}>{say.press}</Button>}>
          <p>{say.text}</p>
        </Dialog>
      )}
      {open.value === "question" && (
        <Dialog title={say.question} closable={false} onClose={close} actions={answers}>
          <p>{say.text}</p>
        </Dialog>
      )}
      {open.value === "sheet" && (
        <Sheet title={say.sheet} onClose={close}>
          <p>{say.text}</p>
        </Sheet>
      )}
    </Section>
  );
}

function items(): MenuItem[] {
  return [
    { id: "reply", label: say.reply, icon: "reply", onSelect: () => tell(say.done) },
    { id: "mute", label: say.mute, icon: "bellOff", checked: true, onSelect: () => tell(say.done) },
    { id: "remove", label: say.remove, icon: "trash", danger: true, onSelect: () => tell(say.done) },
  ];
}
