// The picture before it is sent: crop, blur and arrow, by pointer, touch or keyboard.

import "./style.css";
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { announce } from "../look/announce";
import { Button, IconButton } from "../look/button";
import { draw, finished, patchworkOf, sizeOf } from "./draw";
import { brush, Edits, type Point, type Tool } from "./edits";
import { Stage } from "./stage";
import { words } from "./words";

/** Pixels on the longer side while editing: enough for a large screen, and quick to draw. */
const shownSide = 1_400;
/** Steps of the keyboard's cursor, as parts of the picture. */
const step = 0.02;
const stride = 0.1;

export interface EditorProps {
  picture: Blob;
  name: string;
  onDone: (file: File) => void;
  onClose: () => void;
}

export function PictureEditor({ picture, name, onDone, onClose }: EditorProps) {
  const bitmap = useBitmap(picture);
  const edits = useMemo(() => new Edits(), [picture]);
  const problem = useSignal(false);
  const busy = useSignal(false);
  const use = async () => {
    if (!bitmap.value || busy.value) return;
    busy.value = true;
    try {
      onDone(await finished(bitmap.value, edits.marks.value, `${name.replace(/\.[^.]*$/, "")}.jpg`));
    } catch {
      problem.value = true;
    }
    busy.value = false;
  };
  return (
    <Stage label={words.editor} onClose={onClose}>
      <header class="stage-bar">
        <IconButton icon="close" label={words.discard} onClick={onClose} />
        <Tools edits={edits} />
      </header>
      {(problem.value || bitmap.value === null) && (
        <p class="stage-problem" role="alert">
          {words.unreadable}
        </p>
      )}
      <div class="stage-picture">{bitmap.value && <Canvas bitmap={bitmap.value} edits={edits} />}</div>
      <footer class="stage-bar stage-end">
        <p class="stage-help" id="stage-help">
          {words.help[edits.tool.value]} <span class="stage-keys">{words.keys}</span>
        </p>
        <Button small busy={busy.value || bitmap.value === undefined} onClick={() => void use()}>
          {words.use}
        </Button>
      </footer>
    </Stage>
  );
}

const tools: Tool[] = ["crop", "blur", "arrow"];

function Tools({ edits }: { edits: Edits }) {
  const choose = (tool: Tool) => {
    edits.abandon();
    edits.tool.value = tool;
  };
  return (
    <div class="stage-tools" role="group" aria-label={words.tools}>
      {tools.map((tool) => (
        <IconButton key={tool} icon={tool} label={words[tool]} pressed={edits.tool.value === tool} onClick={() => choose(tool)} />
      ))}
      <IconButton icon="undo" label={words.undo} disabled={edits.marks.value.length === 0} onClick={() => edits.undo()} />
    </div>
  );
}

/** The decoded picture; null when it cannot be. Read on every rendering. */
function useBitmap(picture: Blob) {
  const bitmap = useSignal<ImageBitmap | null | undefined>(undefined);
  useEffect(() => {
    let over = false;
    createImageBitmap(picture).then(
      (made) => (over ? made.close() : (bitmap.value = made)),
      () => (bitmap.value = null),
    );
    return () => {
      over = true;
      bitmap.peek()?.close();
    };
  }, [picture]);
  return bitmap;
}

function Canvas({ bitmap, edits }: { bitmap: ImageBitmap; edits: Edits }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const patchwork = useMemo(() => patchworkOf(bitmap), [bitmap]);
  const [shown, marks, drawing, cursor] = [edits.shown.value, edits.marks.value, edits.drawing.value, edits.cursor.value];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const { width, height } = sizeOf(bitmap, shown, shownSide);
    // Setting a size clears the canvas: only when it changes.
    if (context.canvas.width !== width || context.canvas.height !== height) Object.assign(context.canvas, { width, height });
    draw(context, bitmap, drawing ? [...marks, drawing] : marks, shown, patchwork);
    if (drawing?.tool === "crop") frame(context, { x: (drawing.rect.x - shown.x) / shown.width, y: (drawing.rect.y - shown.y) / shown.height, width: drawing.rect.width / shown.width, height: drawing.rect.height / shown.height });
    if (cursor) ring(context, cursor);
  }, [bitmap, patchwork, shown, marks, drawing, cursor]);
  const at = (event: PointerEvent): Point => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };
  const press = (event: PointerEvent) => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    edits.cursor.value = undefined;
    edits.press(at(event));
  };
  return (
    <canvas
      ref={canvas}
      class="stage-canvas"
      tabIndex={0}
      role="application"
      aria-label={words.picture}
      aria-describedby="stage-help"
      onPointerDown={press}
      onPointerMove={(event) => edits.move(at(event))}
      onPointerUp={() => edits.release()}
      onPointerCancel={() => edits.abandon()}
      onKeyDown={(event) => onKey(event, edits)}
    />
  );
}

function onKey(event: KeyboardEvent, edits: Edits): void {
  const length = event.shiftKey ? stride : step;
  const [dx, dy] = { ArrowLeft: [-length, 0], ArrowRight: [length, 0], ArrowUp: [0, -length], ArrowDown: [0, length] }[event.key] ?? [];
  if (dx !== undefined && dy !== undefined) edits.nudge(dx, dy);
  else if (event.key === "Enter" || event.key === " ") announce(words.turn[edits.turn()]);
  else if (event.key !== "Escape" || !edits.abandon()) return;
  event.preventDefault();
}

/** Darkens what a crop would cut away. */
function frame(context: CanvasRenderingContext2D, part: { x: number; y: number; width: number; height: number }): void {
  const { width, height } = context.canvas;
  const inner = [part.x * width, part.y * height, part.width * width, part.height * height] as const;
  context.beginPath();
  context.rect(0, 0, width, height);
  context.rect(...inner);
  context.fillStyle = "rgb(0 0 0 / 60%)";
  context.fill("evenodd");
  context.lineWidth = Math.max(2, width / 300);
  context.strokeStyle = "#ffffff";
  context.strokeRect(...inner);
}

/** The keyboard's cursor, as large as the brush. */
function ring(context: CanvasRenderingContext2D, at: Point): void {
  const { width, height } = context.canvas;
  for (const [thick, colour] of [[6, "#212b32"], [3, "#ffeb3b"]] as const) {
    context.beginPath();
    context.arc(at.x * width, at.y * height, brush * width, 0, 2 * Math.PI);
    context.lineWidth = thick;
    context.strokeStyle = colour;
    context.stroke();
  }
}
