// The settings: a list of pages, and the one that is open; on a narrow screen one of the two.

import "./style.css";
import { useEffect, useRef } from "preact/hooks";
import { go, isPlainClick, pathTo, pathToSettings } from "../app/route";
import { Icon } from "../look/icon";
import { Empty } from "../look/state";
import { words as general } from "../words/words";
import { pages, type Page, type PageProps } from "./pages";
import { words } from "./words";

const say = words;

export interface SettingsProps extends PageProps {
  /** The id of the page in the address; undefined for the list alone. */
  page: string | undefined;
}

export function Settings({ page: id, ...rest }: SettingsProps) {
  const page = pages.find((one) => one.id === id);
  const heading = useRef<HTMLHeadingElement>(null);
  const title = page?.title() ?? say.title;
  useEffect(() => heading.current?.focus(), [id]);
  useEffect(() => {
    document.title = `${title} – ${general.product}`;
  }, [title]);
  return (
    <>
      <nav class="pane-list" aria-label={say.title}>
        <header class="list-head settings-head">
          <Link to={pathTo()} class="back-link" label={say.toConversations} />
          {id === undefined ? (
            <h1 class="list-title" ref={heading} tabIndex={-1}>
              {say.title}
            </h1>
          ) : (
            <p class="list-title">{say.title}</p>
          )}
        </header>
        <PageList current={id} name={rest.signIn.displayName.value} />
      </nav>
      <div class="pane-room settings-pane">
        {id === undefined ? <Empty icon="settings" title={say.choose} /> : page ? <Content page={page} heading={heading} {...rest} /> : <Empty icon="settings" title={say.noPage} action={<a href={pathToSettings()}>{say.toSettings}</a>} />}
      </div>
    </>
  );
}

function PageList({ current, name }: { current: string | undefined; name: string }) {
  return (
    <div class="list-scroll">
      <p class="settings-who">{say.signedInAs(name)}</p>
      <ul>
        {pages.map((page) => (
          <li key={page.id}>
            <a class="settings-row" href={pathToSettings(page.id)} aria-current={page.id === current ? "page" : undefined} onClick={(event) => follow(event, pathToSettings(page.id), current !== undefined)}>
              <Icon name={page.icon} />
              <span>{page.title()}</span>
              <Icon name="right" />
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Content({ page, heading, account, signIn }: PageProps & { page: Page; heading: { current: HTMLHeadingElement | null } }) {
  const { View } = page;
  return (
    <section class="settings-page">
      <header class="settings-title">
        <Link to={pathToSettings()} class="back-link back-narrow" label={say.toSettings} />
        <h1 ref={heading} tabIndex={-1}>
          {page.title()}
        </h1>
      </header>
      <View account={account} signIn={signIn} />
    </section>
  );
}

function Link({ to, label, class: name }: { to: string; label: string; class: string }) {
  return (
    <a class={name} href={to} aria-label={label} title={label} onClick={(event) => follow(event, to, true)}>
      <Icon name="back" />
    </a>
  );
}

function follow(event: MouseEvent, path: string, replace: boolean): void {
  if (!isPlainClick(event)) return;
  event.preventDefault();
  go(path, replace);
}
