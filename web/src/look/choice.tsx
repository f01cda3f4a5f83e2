// Choosing: a switch for one thing that is on or off, radio buttons for one of several, tabs for one view of several.

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface ToggleProps {
  label: string;
  hint?: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

/** A switch. It takes effect at once; nothing has to be saved. */
export function Toggle({ label, hint, checked, disabled = false, onChange }: ToggleProps) {
  const id = useId();
  return (
    <div class="toggle">
      <input id={id} type="checkbox" role="switch" checked={checked} disabled={disabled} aria-describedby={hint && `${id}-hint`} onChange={(event) => onChange(event.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
  /** The language of the label where it is not that of the page (BCP 47). */
  lang?: string;
}

export interface ChoicesProps<T extends string> {
  legend: string;
  hint?: string;
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
}

/** Radio buttons. */
export function Choices<T extends string>({ legend, hint, options, value, onChange }: ChoicesProps<T>) {
  const id = useId();
  return (
    <fieldset class="choices" aria-describedby={hint && `${id}-hint`}>
      <legend>{legend}</legend>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {options.map((option) => (
        <div class="choice" key={option.value}>
          <input id={`${id}-${option.value}`} type="radio" name={id} checked={option.value === value} aria-describedby={option.hint && `${id}-${option.value}-hint`} onChange={() => onChange(option.value)} />
          <label for={`${id}-${option.value}`} lang={option.lang}>
            {option.label}
          </label>
          {option.hint && (
            <p class="hint" id={`${id}-${option.value}-hint`}>
              {option.hint}
            </p>
          )}
        </div>
      ))}
    </fieldset>
  );
}

export interface Tab<T extends string> {
  id: T;
  label: string;
  /** Shown beside the label, with the words for those who hear it: "3", "3 unread". */
  count?: { shown: string; spoken: string };
}

export interface TabsProps<T extends string> {
  label: string;
  tabs: readonly Tab<T>[];
  current: T;
  /** The id of the panel that the tabs change; the panel has role="tabpanel". */
  panel: string;
  onSelect: (id: T) => void;
}

/** A row of tabs; arrow keys move along it and select. */
export function Tabs<T extends string>({ label, tabs, current, panel, onSelect }: TabsProps<T>) {
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    const tab = to === undefined ? undefined : tabs[to % tabs.length];
    if (!tab) return;
    event.preventDefault();
    onSelect(tab.id);
    const row = event.currentTarget as HTMLElement;
    row.querySelector<HTMLElement>(`[data-tab="${CSS.escape(tab.id)}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button key={tab.id} type="button" class="tab" role="tab" data-tab={tab.id} aria-selected={tab.id === current} aria-controls={tab.id === current ? panel : undefined} tabIndex={tab.id === current ? 0 : -1} onClick={() => onSelect(tab.id)}>
          {tab.label}
          {tab.count && <Count {...tab.count} />}
        </button>
      ))}
    </div>
  );
}

/** A number in a round mark, with words for those who hear it. */
export function Count({ shown, spoken }: { shown: ComponentChildren; spoken: string }) {
  return (
    <span class="badge">
      <span aria-hidden="true">{shown}</span>
      <span class="visually-hidden">{spoken}</span>
    </span>
  );
}
