// A file in a message: a picture, a film, a recording, or a name to open. Room for a picture is there before the picture is.

import "./style.css";
import { useRef, useState } from "preact/hooks";
import { Button } from "../look/button";
import { Icon } from "../look/icon";
import type { Body, File } from "../matrix/body";
import { filesOf } from "../matrix/files";
import type { Message } from "../matrix/fold";
import type { Conversation } from "../room/model";
import { length, size as inWords } from "../words/times";
import { AudioView } from "./audio";
import { shownSize } from "./size";
import { useFile } from "./use";
import { words as say } from "./words";

export type FileBody = Extract<Body, { name: string }>;

interface Props {
  body: FileBody;
  message: Message;
  conversation: Conversation;
}

/** Types that this app shows as pictures: not those that can hold script. */
const pictures = /^image\/(png|jpeg|gif|webp|avif|apng|bmp)$/;

export function FileView({ body, message, conversation }: Props) {
  const { file } = body;
  if (!file) return <Row body={body} />;
  if (body.kind === "image" && (file.type === undefined || pictures.test(file.type))) return <Picture body={body} file={file} message={message} conversation={conversation} />;
  if (body.kind === "video") return <Film body={body} file={file} conversation={conversation} />;
  if (body.kind === "audio") return <AudioView body={body} file={file} account={conversation.account} />;
  return <Row body={body} conversation={conversation} />;
}

function Picture({ body, file, message, conversation }: Props & { file: File }) {
  const size = shownSize(file, 320);
  const small = { width: size.width * 2, height: size.height * 2 };
  const picture = useFile(conversation.account, file, file.url.startsWith("outbox:") ? undefined : small);
  const [broken, setBroken] = useState(false);
  if (broken) return <Row body={body} conversation={conversation} />;
  const open = () => (conversation.sheet.value = { kind: "viewer", event_id: message.event_id ?? message.key });
  return (
    <button type="button" class="picture" style={{ width: `${size.width / 16}rem`, aspectRatio: `${size.width} / ${size.height}` }} aria-label={say.openPhoto(body.name)} onClick={"failed" in picture && picture.failed ? picture.again : open}>
      {picture.url !== undefined ? <img src={picture.url} alt="" onError={() => setBroken(true)} /> : <Waiting failed={picture.failed} />}
    </button>
  );
}

function Waiting({ failed }: { failed: boolean }) {
  return failed ? (
    <span class="picture-failed">
      <Icon name="warning" /> {say.failed} <u>{say.retry}</u>
    </span>
  ) : (
    <Icon name="photo" />
  );
}

function Film({ body, file, conversation }: Omit<Props, "message"> & { file: File }) {
  const size = shownSize(file, 320);
  const [wanted, setWanted] = useState(false);
  const film = useFile(conversation.account, file, undefined, wanted);
  const poster = useFile(conversation.account, file.thumbnail ?? file, file.thumbnail ? { width: size.width * 2, height: size.height * 2 } : undefined, file.thumbnail !== undefined && !wanted);
  const box = { width: `${size.width / 16}rem`, aspectRatio: `${size.width} / ${size.height}` };
  if (wanted && film.url !== undefined) return <video class="picture" style={box} src={film.url} controls autoplay playsInline controlsList="nodownload" aria-label={body.name} />;
  const failed = wanted && "failed" in film && film.failed;
  const press = failed && "again" in film ? film.again : () => setWanted(true);
  return (
    <button type="button" class="picture film" style={box} aria-label={say.playVideo(body.name)} onClick={press}>
      {poster.url !== undefined && <img src={poster.url} alt="" />}
      <span class="film-sign">{failed ? <Waiting failed /> : <Icon name={wanted ? "clock" : "play"} />}</span>
      {file.duration !== undefined && <span class="film-length">{length(file.duration / 1000)}</span>}
    </button>
  );
}

/** A file's name, kind and size, and a way to open it. */
export function Row({ body, conversation }: { body: FileBody; conversation?: Conversation }) {
  const [state, setState] = useState<"" | "busy" | "failed">("");
  const place = useRef<HTMLAnchorElement>(null);
  const { file } = body;
  const open = async () => {
    if (!file || !conversation || state === "busy") return;
    setState("busy");
    try {
      const url = await filesOf(conversation.account).take(file);
      place.current?.setAttribute("href", url);
      place.current?.click();
      setState("");
    } catch {
      setState("failed");
    }
  };
  const about = [kindOf(body), file?.size === undefined ? "" : inWords(file.size)].filter(Boolean).join(", ");
  return (
    <div class="file-row">
      <Icon name="file" />
      <span class="file-words">
        <bdi class="file-name">{body.name}</bdi>
        <span class="file-about">{state === "failed" ? say.failed : state === "busy" ? say.loading : about}</span>
      </span>
      {file && conversation && (
        <>
          <Button kind="secondary" small busy={state === "busy"} onClick={() => void open()}>
            {say.open} <span class="visually-hidden">{body.name}</span>
          </Button>
          <a ref={place} class="visually-hidden" download={body.name} tabIndex={-1} aria-hidden="true" />
        </>
      )}
    </div>
  );
}

/** The kind of a file in a few letters: its ending, or its type. */
function kindOf(body: FileBody): string {
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(body.name)?.[1];
  return (ending ?? body.file?.type?.split("/").pop() ?? "").toUpperCase().slice(0, 12);
}
