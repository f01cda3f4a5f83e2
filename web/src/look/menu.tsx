// A list of actions, opened by a button or at a point (ARIA authoring practices, menu button). Arrow keys move, letters find,
// Escape and Tab close; the focus goes back to what opened it.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./button";
import { Icon, type IconName } from "./icon";

export interface MenuItem {
  /** Unlike those of the other items. */
  id: string;
  label: string;
  icon?: IconName;
  /** For a choice that is on or off: a tick shows that it is on. */
  checked?: boolean;
  /** Takes something away for good. */
  danger?: boolean;
  onSelect: () => void;
}

/** A place on the screen, in pixels: a menu opens below its bottom edge, or above its top where there is more room. */
export interface Place {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

type Align = "start" | "end";

export interface MenuProps {
  label: string;
  icon?: IconName;
  items: MenuItem[];
  /** Which edge of the button the menu keeps to; the end unless told. */
  align?: Align;
  class?: string;
}

/** A button that opens a menu. */
export function Menu({ label, icon = "more", items, align = "end", class: extra }: MenuProps) {
  const place = useSignal<Place | undefined>(undefined);
  const opener = useRef<HTMLButtonElement>(null);
  const toggle = () => (place.value = place.value ? undefined : opener.current?.getBoundingClientRect());
  return (
    <>
      <IconButton icon={icon} label={label} class={extra} inner={opener} expanded={place.value !== undefined} onClick={toggle} />
      {place.value && <MenuList label={label} place={place.value} items={items} align={align} opener={opener.current} onClose={() => (place.value = undefined)} />}
    </>
  );
}

/** A choice told by a sign alone, in a row above the others. */
export interface QuickItem {
  sign: string;
  label: string;
  checked: boolean;
  onSelect: () => void;
}

export interface MenuListProps {
  label: string;
  place: Place;
  items: MenuItem[];
  /** Which edge of the place it keeps to; the start unless told. */
  align?: Align;
  quick?: QuickItem[];
  /** What opened it: pressing that again is its own business, not "beside the menu". */
  opener?: HTMLElement | null;
  onClose: () => void;
}

/** The open menu itself, for what opens otherwise: a long press, the right button. */
export function MenuList({ label, place, items, quick = [], align = "start", opener, onClose }: MenuListProps) {
  const list = useRef<HTMLUListElement>(null);
  useOpen(list, place, align, opener, onClose);
  const select = (item: MenuItem | QuickItem) => {
    onClose();
    item.onSelect();
  };
  return (
    <ul class="menu" ref={list} role="menu" aria-label={label} onKeyDown={(event) => onKey(event, list.current, onClose)}>
      {quick.length > 0 && (
        <li role="none" class="menu-quick">
          {quick.map((item) => (
            <button key={item.sign} type="button" role="menuitemcheckbox" aria-checked={item.checked} aria-label={item.label} title={item.label} tabIndex={-1} onClick={() => select(item)}>
              {item.sign}
            </button>
          ))}
        </li>
      )}
      {items.map((item) => (
        <li key={item.id} role="none">
          <button type="button" class={item.danger ? "menu-item menu-danger" : "menu-item"} {...role(item)} tabIndex={-1} onClick={() => select(item)}>
            {item.icon && <Icon name={item.icon} />}
            <span class="menu-label">{item.label}</span>
            {item.checked && <Icon name="check" />}
          </button>
        </li>
      ))}
    </ul>
  );
}

function role(item: MenuItem) {
  return item.checked === undefined ? ({ role: "menuitem" } as const) : ({ role: "menuitemcheckbox", "aria-checked": item.checked } as const);
}

function useOpen(list: { current: HTMLUListElement | null }, place: Place, align: Align, opener: HTMLElement | null | undefined, onClose: () => void): void {
  useLayoutEffect(() => {
    const menu = list.current;
    if (!menu) return;
    const before = document.activeElement;
    raise(menu);
    put(menu, place, align);
    entries(menu)[0]?.focus();
    const beside = (event: Event) => {
      const target = event.target as Node;
      if (!menu.contains(target) && !opener?.contains(target)) onClose();
    };
    addEventListener("pointerdown", beside, true);
    addEventListener("resize", onClose);
    return () => {
      removeEventListener("pointerdown", beside, true);
      removeEventListener("resize", onClose);
      // Only if the focus is still here: what was selected, or pressed beside it, may want it elsewhere.
      if (menu.contains(document.activeElement) && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}

/** Above everything, out of whatever scrolls or moves, where the browser can. */
function raise(menu: HTMLElement): void {
  if (typeof menu.showPopover !== "function") return;
  menu.setAttribute("popover", "manual");
  menu.showPopover();
}

/** Distance kept from the edges of the window, in pixels. */
const margin = 8;

function put(menu: HTMLElement, place: Place, align: Align): void {
  const { width, height } = menu.getBoundingClientRect();
  const toEnd = align === "end" ? place.right - width >= margin : place.left + width + margin > innerWidth;
  const left = toEnd ? place.right - width : place.left;
  const below = place.bottom + height + margin <= innerHeight || place.top < innerHeight - place.bottom;
  const top = below ? place.bottom : place.top - height;
  menu.style.left = `${Math.max(margin, Math.min(left, innerWidth - width - margin))}px`;
  menu.style.top = `${Math.max(margin, Math.min(top, innerHeight - height - margin))}px`;
}

function entries(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")];
}

function onKey(event: KeyboardEvent, menu: HTMLElement | null, onClose: () => void): void {
  if (!menu) return;
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    return onClose();
  }
  const all = entries(menu);
  const to = next(event.key, all, all.indexOf(document.activeElement as HTMLElement));
  if (!to) return;
  event.preventDefault();
  to.focus();
}

function next(key: string, all: HTMLElement[], at: number): HTMLElement | undefined {
  const row = all.findIndex((one) => !one.closest(".menu-quick"));
  const step = {
    // The row of signs is one step on the way down and up.
    ArrowDown: at < row ? row : at + 1,
    ArrowUp: at < row ? all.length - 1 : at - 1 + all.length,
    ArrowRight: at + 1,
    ArrowLeft: at - 1 + all.length,
    Home: 0,
    End: all.length - 1,
  }[key];
  if (step !== undefined) return all[step % all.length];
  if (key.length !== 1 || key === " ") return undefined;
  const letter = key.toLocaleLowerCase();
  return [...all.slice(at + 1), ...all.slice(0, at + 1)].find((one) => one.textContent?.trim().toLocaleLowerCase().startsWith(letter));
}
