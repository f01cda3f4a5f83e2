// Drawing a picture with its marks, for the screen and for sending. The copy that is sent is drawn anew, pixel by pixel: it
// holds nothing of what was cut away or blurred, and nothing that the camera noted in the file.

import { brush, whole, type Mark, type Point, type Rect } from "./edits";

/** The longer side of what is sent, in pixels. */
const longestSide = 2_560;
const quality = 0.9;
/** What is blurred keeps this many patches across the whole picture: too few to read a name or know a face. */
const patches = 28;
const arrowColour = "#ffeb3b";
const arrowEdge = "#212b32";

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Draws the part of the picture that is shown over the whole canvas. */
export function draw(context: Context, picture: ImageBitmap, marks: readonly Mark[], shown: Rect, patchwork: CanvasImageSource): void {
  const { width, height } = context.canvas;
  const scale = { x: width / shown.width, y: height / shown.height };
  context.setTransform(scale.x, 0, 0, scale.y, -shown.x * scale.x, -shown.y * scale.y);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, 1, 1);
  const place = (point: Point): Point => ({ x: (point.x - shown.x) * scale.x, y: (point.y - shown.y) * scale.y });
  for (const mark of marks) {
    if (mark.tool === "blur") blur(context, mark.points.map(place), { scale, shown }, patchwork);
    if (mark.tool === "arrow") arrow(context, place(mark.from), place(mark.to));
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
}

/** The picture in a few patches, of which blurring is made. */
export function patchworkOf(picture: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = patches;
  canvas.height = Math.max(1, Math.round((patches * picture.height) / picture.width));
  const context = canvas.getContext("2d");
  if (context) context.imageSmoothingQuality = "high";
  context?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The size in pixels of what is shown, no longer than `most` on either side. */
export function sizeOf(picture: ImageBitmap, shown: Rect, most: number): { width: number; height: number } {
  const [width, height] = [picture.width * shown.width, picture.height * shown.height];
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The finished picture as a JPEG file. */
export async function finished(picture: ImageBitmap, marks: readonly Mark[], name: string): Promise<File> {
  const shown = marks.findLast((mark) => mark.tool === "crop")?.rect ?? whole;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, sizeOf(picture, shown, longestSide));
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no canvas");
  draw(context, picture, marks, shown, patchworkOf(picture));
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  if (!blob) throw new Error("this browser makes no JPEG");
  return new File([blob], name, { type: "image/jpeg" });
}

function blur(context: Context, points: Point[], view: { scale: Point; shown: Rect }, patchwork: CanvasImageSource): void {
  const radius = brush * context.canvas.width;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.beginPath();
  for (const { x, y } of along(points, radius / 2)) {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.clip();
  const { scale, shown } = view;
  context.setTransform(scale.x, 0, 0, scale.y, -shown.x * scale.x, -shown.y * scale.y);
  context.drawImage(patchwork, 0, 0, 1, 1);
  context.restore();
}

/** Points no further apart than `step`, so that a quick stroke has no holes. */
function* along(points: Point[], step: number): Generator<Point> {
  let last = points[0];
  for (const point of points) {
    if (!last) return;
    const steps = Math.max(1, Math.ceil(Math.hypot(point.x - last.x, point.y - last.y) / step));
    for (let at = 1; at <= steps; at++) yield { x: last.x + ((point.x - last.x) * at) / steps, y: last.y + ((point.y - last.y) * at) / steps };
    last = point;
  }
}

function arrow(context: Context, from: Point, to: Point): void {
  const thick = Math.max(4, context.canvas.width / 90);
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const head = thick * 4;
  const wing = (turn: number) => ({ x: to.x - head * Math.cos(angle + turn), y: to.y - head * Math.sin(angle + turn) });
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.lineCap = "round";
  context.lineJoin = "round";
  // A dark edge keeps it visible on a light ground.
  for (const [width, colour] of [[thick * 2, arrowEdge], [thick, arrowColour]] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    for (const { x, y } of [wing(0.5), wing(-0.5)]) {
      context.moveTo(to.x, to.y);
      context.lineTo(x, y);
    }
    context.stroke();
  }
  context.restore();
}
