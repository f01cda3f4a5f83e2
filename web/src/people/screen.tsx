// What the screens beside the list have in common: a head with the way back, which takes the focus, and a body that scrolls.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../look/icon";

export interface ScreenProps {
  title: string;
  /** Under the title: what kind of thing it is about. */
  under?: ComponentChildren;
  /** Where back leads. */
  backPath: string;
  backLabel: string;
  onGo: (event: MouseEvent, path: string) => void;
  /** Whether something in the body takes the focus itself. */
  focused?: boolean;
  children: ComponentChildren;
}

export function Screen({ title, under, backPath, backLabel, onGo, focused = false, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!focused) heading.current?.focus();
  }, []);
  return (
    <section class="screen" aria-label={title}>
      <header class="screen-head">
        <a class="icon-button screen-back" href={backPath} aria-label={backLabel} title={backLabel} onClick={(event) => onGo(event, backPath)}>
          <Icon name="back" />
        </a>
        <div class="screen-title">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {under}
        </div>
      </header>
      <div class="screen-body">{children}</div>
    </section>
  );
}
