// Every photo and file of a conversation, the latest first, by month.

import { useEffect, useState } from "preact/hooks";
import { Button } from "../look/button";
import { Tabs } from "../look/choice";
import { Sheet } from "../look/dialog";
import { Icon } from "../look/icon";
import { Empty, Notice, Skeleton } from "../look/state";
import type { MatrixEvent } from "../matrix/event";
import { messagesWithFiles } from "../matrix/files";
import { bodyOf } from "../matrix/fold";
import type { Conversation } from "../room/model";
import { inFull, monthOf } from "../words/times";
import { Row, type FileBody } from "./view";
import { useFile } from "./use";
import { words as say } from "./words";

interface Found {
  event: MatrixEvent;
  body: FileBody;
}

type Kind = "photos" | "files";

const panelId = "gallery-panel";

export function Gallery({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const [kind, setKind] = useState<Kind>("photos");
  const { found, state, more } = useFiles(conversation);
  const shown = found.filter(({ body }) => isPhoto(body) === (kind === "photos"));
  const go = (event: MatrixEvent) => {
    onClose();
    void conversation.jumpTo(event.event_id);
  };
  const tabs = [
    { id: "photos" as const, label: say.photos },
    { id: "files" as const, label: say.files },
  ];
  return (
    <Sheet title={say.gallery} onClose={onClose}>
      <Tabs label={say.gallery} tabs={tabs} current={kind} panel={panelId} onSelect={setKind} />
      <div role="tabpanel" id={panelId} aria-label={kind === "photos" ? say.photos : say.files} tabIndex={0}>
        {months(shown).map(([month, all]) => (
          <section key={month} class="gallery-month">
            <h3>{month}</h3>
            <ul class={kind === "photos" ? "gallery-photos" : "gallery-files"}>
              {all.map((one) => (
                <li key={one.event.event_id}>{kind === "photos" ? <Photo found={one} conversation={conversation} onOpen={() => go(one.event)} /> : <FileLine found={one} conversation={conversation} onOpen={() => go(one.event)} />}</li>
              ))}
            </ul>
          </section>
        ))}
        {shown.length === 0 && state === "all" && <Empty icon="photo" title={say.none} hint={say.noneHint} />}
        {state === "loading" && <Skeleton kind="text" rows={3} label={say.loading} />}
        {state === "failed" && <Notice kind="error">{say.failed}</Notice>}
        {(state === "more" || state === "failed") && (
          <Button kind="secondary" small onClick={more}>
            {state === "failed" ? say.retry : say.more}
          </Button>
        )}
      </div>
    </Sheet>
  );
}

function isPhoto(body: FileBody): boolean {
  return body.kind === "image" || body.kind === "video";
}

function useFiles(conversation: Conversation): { found: Found[]; state: "loading" | "more" | "all" | "failed"; more: () => void } {
  const [found, setFound] = useState<Found[]>([]);
  const [place, setPlace] = useState<{ state: "loading" | "more" | "all" | "failed"; next?: string }>({ state: "loading" });
  const load = async (from?: string) => {
    setPlace({ state: "loading", next: from });
    try {
      const page = await messagesWithFiles(conversation.account.client, conversation.roomId, from);
      setFound((old) => [...old, ...page.events.flatMap(readFile)]);
      setPlace({ state: page.next === undefined ? "all" : "more", next: page.next });
    } catch {
      setPlace({ state: "failed", next: from });
    }
  };
  useEffect(() => void load(), [conversation]);
  return { found, state: place.state, more: () => void load(place.next) };
}

function readFile(event: MatrixEvent): Found[] {
  const body = bodyOf(event);
  return "name" in body && body.file ? [{ event, body }] : [];
}

function months(found: Found[]): [string, Found[]][] {
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    const month = monthOf(one.event.origin_server_ts);
    groups.set(month, [...(groups.get(month) ?? []), one]);
  }
  return [...groups];
}

interface LineProps {
  found: Found;
  conversation: Conversation;
  onOpen: () => void;
}

const tile = { width: 192, height: 192 };

function Photo({ found: { event, body }, conversation, onOpen }: LineProps) {
  const file = body.kind === "video" ? (body.file?.thumbnail ?? body.file) : body.file;
  const still = body.kind === "image" || body.file?.thumbnail !== undefined;
  const picture = useFile(conversation.account, file ?? { url: "" }, tile, file !== undefined && still);
  return (
    <button type="button" class="gallery-photo" aria-label={`${body.name}, ${say.sentBy(conversation.nameOf(event.sender), inFull(event.origin_server_ts))}. ${say.goTo}`} onClick={onOpen}>
      {picture.url !== undefined ? <img src={picture.url} alt="" /> : <Icon name={body.kind === "video" ? "video" : "photo"} />}
      {body.kind === "video" && picture.url !== undefined && <Icon name="play" filled />}
    </button>
  );
}

function FileLine({ found: { event, body }, conversation, onOpen }: LineProps) {
  return (
    <>
      <Row body={body} conversation={conversation} />
      <p class="quiet">
        {say.sentBy(conversation.nameOf(event.sender), inFull(event.origin_server_ts))}{" "}
        <Button kind="quiet" onClick={onOpen}>
          {say.goTo}
        </Button>
      </p>
    </>
  );
}
