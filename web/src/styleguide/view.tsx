// The style page: every part the app is made of, in every state. It is there in a demonstration only.

import "./style.css";
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { pathTo } from "../app/route";
import { Empty, Skeleton } from "../look/state";
import { call } from "../matrix/http";
import { AppearancePage, LanguagePage } from "../settings/appearance";
import { words as general } from "../words/words";
import { Actions, Layers } from "./actions";
import { Forms } from "./forms";
import { States } from "./states";
import { Tokens } from "./tokens";
import { words } from "./words";

const say = words;

export function StyleGuide() {
  const demonstration = useSignal<boolean | undefined>(undefined);
  useEffect(() => {
    document.title = `${say.title} – ${general.product}`;
    const path = "/.well-known/matrix/client";
    void call(location.origin, "GET", path, undefined)
      .catch(() => undefined)
      .then((answer) => (demonstration.value = answer?.["org.wardline.demonstration"] === true));
  }, []);
  if (demonstration.value === undefined) return <Skeleton label={say.title} kind="text" />;
  if (!demonstration.value) return <NotHere />;
  return (
    <main class="styleguide">
      <header>
        <h1>{say.title}</h1>
        <p>{say.lead}</p>
        <a href={pathTo()}>{say.home}</a>
      </header>
      <Section title={say.how}>
        <AppearancePage />
        <LanguagePage />
      </Section>
      <Tokens />
      <Actions />
      <Layers />
      <Forms />
      <States />
    </main>
  );
}

function NotHere() {
  return (
    <main class="page">
      <Empty icon="search" title={say.notHere} hint={say.notHereHint} action={<a href={pathTo()}>{say.home}</a>} />
    </main>
  );
}

/** A heading and what belongs under it. */
export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="guide-section">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** One part in one state, with the name of the state above it. */
export function Example({ name, wide = false, children }: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "example example-wide" : "example"}>
      <p class="example-name">{name}</p>
      <div class="example-place">{children}</div>
    </div>
  );
}

/** Several examples beside one another. */
export function Examples({ children }: { children: ComponentChildren }) {
  return <div class="examples">{children}</div>;
}
