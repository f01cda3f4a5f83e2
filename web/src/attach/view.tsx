// The files that will go with the message, each with what can be done to it before it is sent.

import "./style.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { announce } from "../look/announce";
import { IconButton } from "../look/button";
import { Icon } from "../look/icon";
import { count, size } from "../words/times";
import { mostPieces, type Piece, type Tray } from "./model";
import { words } from "./words";

export interface TrayProps {
  tray: Tray;
  onEdit: (piece: Piece) => void;
  /** The last file was taken out: the focus has to go somewhere. */
  onEmpty: () => void;
}

export function TrayView({ tray, onEdit, onEmpty }: TrayProps) {
  const pieces = tray.pieces.value;
  const list = useRef<HTMLUListElement>(null);
  useCount(pieces.length);
  if (pieces.length === 0 && tray.refused.value === 0) return null;
  const remove = (piece: Piece, at: number) => {
    tray.remove(piece.id);
    if (pieces.length === 1) return onEmpty();
    // To the file that takes its place, or to the last one.
    requestAnimationFrame(() => {
      const buttons = list.current?.querySelectorAll<HTMLElement>(".piece-remove");
      buttons?.[Math.min(at, buttons.length - 1)]?.focus();
    });
  };
  return (
    <div class="tray">
      {tray.refused.value > 0 && (
        <p class="field-error" role="alert">
          {words.refused(tray.refused.value, count(mostPieces))}
        </p>
      )}
      <ul class="pieces" ref={list} aria-label={words.title}>
        {pieces.map((piece, at) => (
          <PieceView key={piece.id} piece={piece} tray={tray} alone={pieces.length === 1} onEdit={() => onEdit(piece)} onRemove={() => remove(piece, at)} />
        ))}
      </ul>
    </div>
  );
}

/** Says when files have come, however they came. */
function useCount(now: number): void {
  const before = useRef(now);
  useEffect(() => {
    if (now > before.current) announce(words.added(now - before.current));
    before.current = now;
  }, [now]);
}

interface PieceProps {
  piece: Piece;
  tray: Tray;
  /** The only file has the message for its caption. */
  alone: boolean;
  onEdit: () => void;
  onRemove: () => void;
}

function PieceView({ piece, tray, alone, onEdit, onRemove }: PieceProps) {
  const picture = piece.kind === "image";
  const editable = picture && piece.original.type !== "image/gif";
  return (
    <li class="piece">
      <div class="piece-picture">{picture ? <Preview file={piece.original} /> : <Icon name={piece.kind === "video" ? "video" : piece.kind === "audio" ? "sound" : "file"} />}</div>
      <div class="piece-about">
        <p class="piece-name" title={piece.name}>
          {piece.name}
        </p>
        <p class="piece-size">{size(tray.chosen(piece).size)}</p>
        <Trouble piece={piece} tray={tray} />
        {piece.small.value && <Smaller piece={piece} small={piece.small.value} />}
        {!alone && <input class="input piece-caption" aria-label={words.captionOf(piece.name)} placeholder={words.caption} value={piece.caption.value} onInput={(event) => (piece.caption.value = event.currentTarget.value)} />}
      </div>
      <div class="piece-acts">
        <IconButton icon="close" label={words.remove(piece.name)} class="piece-remove" onClick={onRemove} />
        {editable && <IconButton icon="crop" label={words.edit(piece.name)} onClick={onEdit} />}
      </div>
    </li>
  );
}

function Trouble({ piece, tray }: { piece: Piece; tray: Tray }) {
  const problem = tray.problem(piece);
  if (!problem) return null;
  const limit = size(tray.limit.value ?? 0);
  const shrinks = piece.small.value !== undefined && !piece.useSmall.value;
  const text = problem === "large" ? (shrinks ? words.problem.largeShrink(limit) : words.problem.large(limit)) : words.problem[problem];
  return (
    <p class="field-error piece-problem" role="alert">
      {text}
    </p>
  );
}

function Smaller({ piece, small }: { piece: Piece; small: Blob }) {
  return (
    <label class="piece-smaller">
      <input type="checkbox" checked={piece.useSmall.value} onChange={(event) => (piece.useSmall.value = event.currentTarget.checked)} />
      <span>{words.smaller(size(small.size))}</span>
    </label>
  );
}

/** Decoration: the name stands beside it. */
function Preview({ file }: { file: Blob }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img src={url} alt="" />;
}
