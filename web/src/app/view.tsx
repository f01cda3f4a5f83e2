// The list and the open conversation side by side; on a narrow screen one of the two.

import "./style.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { SignIn } from "../account/model";
import { AccountMenu } from "../account/menu";
import { Conversations } from "../conversations/model";
import { ConversationList, focusRow, nameOf } from "../conversations/view";
import { words as list } from "../conversations/words";
import { Announcements } from "../look/announce";
import { later } from "../look/later";
import type { Account } from "../matrix/account";
import { attend } from "../notify/attend";
import { Directory } from "../people/directory";
import { Conversation } from "../room/model";
import { RoomView } from "../room/view";
import { Connection } from "../sync/model";
import { ConnectionBanner } from "../sync/view";
import { words as general } from "../words/words";
import { UpdateBanner } from "../worker/view";
import { go, isPlainClick, paths, pathTo, pathToAbout, pathToSettings, route, type Route } from "./route";
import { words } from "./words";

/** Conversations kept ready to switch back to at once. */
const keptReady = 12;

const Settings = later(() => import("../settings/view").then((its) => its.Settings));

/** What stands beside the list other than a conversation. */
const Beside = later(() => import("./beside").then((its) => its.Beside));

const touch = matchMedia("(pointer: coarse)").matches;

/** The models behind the two panes; they live as long as the session. */
class Screen {
  readonly conversations: Conversations;
  readonly connection: Connection;
  readonly directory: Directory;
  readonly #ready = new Map<string, Conversation>();

  constructor(readonly account: Account) {
    this.conversations = new Conversations(account);
    this.connection = new Connection(account);
    this.directory = new Directory(account);
  }

  conversation(roomId: string): Conversation {
    const found = this.#ready.get(roomId) ?? new Conversation(this.account, roomId);
    this.#ready.delete(roomId);
    this.#ready.set(roomId, found);
    for (const [id, old] of this.#ready) {
      if (this.#ready.size <= keptReady) break;
      old.close();
      this.#ready.delete(id);
    }
    return found;
  }

  close(): void {
    for (const one of this.#ready.values()) one.close();
    this.conversations.close();
    this.connection.close();
  }
}

/** The whole window of somebody who is signed in. */
export function Messenger({ signIn, account }: { signIn: SignIn; account: Account }) {
  const screen = useMemo(() => new Screen(account), [account]);
  useEffect(() => () => screen.close(), [screen]);
  useEffect(() => attend(account, screen.conversations), [screen]);
  const here = route.value;
  const roomId = here.screen === "conversation" ? here.roomId : undefined;
  const about = here.screen === "about" ? here.roomId : roomId;
  const title = useRef<HTMLHeadingElement & HTMLParagraphElement>(null);
  const inSettings = here.screen === "settings";
  // The form or the settings that had the focus are gone. An open conversation takes it itself.
  useEffect(() => title.current?.focus(), [inSettings]);
  // The next person at this browser begins at the list, not where this one was.
  useEffect(() => () => go(pathTo(), true), [account]);
  useTitle(screen, about);
  useFocusOnReturn(about);
  // The open conversation is what the page is about; without one it is the list.
  const beside = besides(here);
  const Title = roomId === undefined && !beside ? "h1" : "p";
  const isOpen = roomId !== undefined || beside || (inSettings && here.page !== undefined);
  const follow = (event: MouseEvent, path: string) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    go(path, path === pathTo());
  };
  const open = (id: string, event: MouseEvent, eventId?: string) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    go(pathTo(id, eventId), isOpen);
    if (id === roomId && !touch) document.getElementById("composer")?.focus();
  };
  return (
    <main class={isOpen ? "messenger messenger-open" : "messenger"}>
      <a class="skip" href="#composer" hidden={roomId === undefined || screen.conversations.room(roomId)?.membership !== "join"}>
        {words.toComposer}
      </a>
      <div class="banner-place">
        <ConnectionBanner connection={screen.connection} />
        <UpdateBanner />
      </div>
      {inSettings ? (
        <Settings page={here.page} account={account} signIn={signIn} />
      ) : (
        <>
          <nav class="pane-list" aria-label={list.title}>
            <header class="list-head">
              <Title class="list-title" ref={title} tabIndex={-1}>
                {list.title}
              </Title>
              <AccountMenu signIn={signIn} unsent={() => account.unsent()} onSettings={() => go(pathToSettings())} />
            </header>
            <ConversationList account={account} directory={screen.directory} conversations={screen.conversations} current={about} pathTo={pathTo} onOpen={open} newPath={paths.start} onGo={follow} />
          </nav>
          <div class="pane-room">
            {beside ? <Beside here={here} account={account} directory={screen.directory} conversations={screen.conversations} onGo={follow} go={(path) => go(path, true)} /> : <Pane screen={screen} onGo={follow} />}
          </div>
        </>
      )}
      <Announcements />
    </main>
  );
}

/** Whether the address names something other than a conversation that stands beside the list. */
function besides({ screen }: Route): boolean {
  return screen === "new" || screen === "first message" || screen === "new group" || screen === "groups" || screen === "about";
}

function Pane({ screen, onGo }: { screen: Screen; onGo: (event: MouseEvent, path: string) => void }) {
  const here = route.value;
  const back = (event: MouseEvent) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    go(pathTo(), true);
  };
  if (here.screen === "conversation") {
    const typing = screen.conversations.typing.value.get(here.roomId) ?? [];
    return <RoomView conversation={screen.conversation(here.roomId)} at={here.eventId} typing={typing} listed={screen.conversations.loaded.value} touch={touch} onBack={back} onDeclined={() => go(pathTo(), true)} about={{ path: pathToAbout(here.roomId), onGo, directory: screen.directory }} />;
  }
  const [title, hint] = here.screen === "unknown" ? [words.noPage.title, words.noPage.hint] : [list.choose, list.chooseHint];
  return (
    <div class="room-empty">
      <h2>{title}</h2>
      <p>{hint}</p>
      {here.screen === "unknown" && (
        <a href="/" onClick={back}>
          {words.noPage.home}
        </a>
      )}
    </div>
  );
}

function useTitle(screen: Screen, roomId: string | undefined): void {
  const room = roomId === undefined ? undefined : screen.conversations.list.value.find((one) => one.room_id === roomId);
  const unread = screen.conversations.unread.value;
  const title = [room ? nameOf(room) : list.title, general.product].join(" – ");
  // The settings have titles of their own.
  const own = route.value.screen === "settings";
  useEffect(() => {
    if (own) return;
    document.title = unread > 0 ? `(${list.badge(unread)}) ${title}` : title;
  }, [title, unread, own]);
}

/** Coming back to the list puts the focus on the conversation one came from. */
function useFocusOnReturn(roomId: string | undefined): void {
  const before = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (roomId === undefined && before.current !== undefined) focusRow(before.current);
    before.current = roomId;
  }, [roomId]);
}
