// Buttons. One that cannot be pressed now stays where the focus finds it, and says so; it is never taken away from under it.

import type { ComponentChildren, Ref } from "preact";
import { Icon, type IconName } from "./icon";

interface Pressed {
  onClick?: (event: MouseEvent) => void;
  /** Cannot be pressed now. */
  disabled?: boolean;
  /** Was pressed, and is not done yet: cannot be pressed again meanwhile. */
  busy?: boolean;
  /** For one that switches something on and off. */
  pressed?: boolean;
  /** For one that shows and hides something: whether it is shown, and the id of what it is. */
  expanded?: boolean;
  controls?: string;
  describedBy?: string;
  inner?: Ref<HTMLButtonElement>;
  type?: "button" | "submit";
}

export interface ButtonProps extends Pressed {
  kind?: "primary" | "secondary" | "warning" | "quiet";
  /** A button that fits among text and rows. */
  small?: boolean;
  icon?: IconName;
  children: ComponentChildren;
}

const kinds = { primary: "button", secondary: "button button-secondary", warning: "button button-warning", quiet: "button-quiet" };

export function Button({ kind = "primary", small = false, icon, children, ...rest }: ButtonProps) {
  return (
    <button class={small && kind !== "quiet" ? `${kinds[kind]} button-small` : kinds[kind]} {...attributes(rest)}>
      {icon && <Icon name={icon} />}
      {icon ? <span>{children}</span> : children}
    </button>
  );
}

export interface IconButtonProps extends Pressed {
  icon: IconName;
  /** What it does: it is spoken, and shown when the pointer rests. */
  label: string;
  filled?: boolean;
  class?: string;
}

/** A sign to press, as large as a finger. */
export function IconButton({ icon, label, filled = false, class: extra, ...rest }: IconButtonProps) {
  return (
    <button class={extra ? `icon-button ${extra}` : "icon-button"} aria-label={label} title={label} {...attributes(rest)}>
      <Icon name={icon} filled={filled} />
    </button>
  );
}

function attributes({ onClick, disabled = false, busy = false, pressed, expanded, controls, describedBy, inner, type = "button" }: Pressed) {
  const still = disabled || busy;
  return {
    type,
    ref: inner,
    "aria-disabled": still || undefined,
    "aria-busy": busy || undefined,
    "aria-pressed": pressed,
    "aria-expanded": expanded,
    "aria-controls": controls,
    "aria-describedby": describedBy,
    // A submit button that is still must not submit either.
    onClick: (event: MouseEvent) => (still ? event.preventDefault() : onClick?.(event)),
  };
}
