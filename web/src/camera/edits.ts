// What a person does to a picture before sending it: cut it to what matters, blur what nobody needs to see, point at something.
// Places are fractions of the whole picture, so that they hold at any size. A pointer and the keyboard do the same three
// things: press, move, release. No drawing here.

import { batch, computed, signal } from "@preact/signals";

export interface Point {
  x: number;
  y: number;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Tool = "crop" | "blur" | "arrow";

export type Mark = { tool: "crop"; rect: Rect } | { tool: "blur"; points: Point[] } | { tool: "arrow"; from: Point; to: Point };

export const whole: Rect = { x: 0, y: 0, width: 1, height: 1 };

/** The radius of the brush, as a part of the width of what is shown. */
export const brush = 0.035;

/** Smaller drags than this, as a part of what is shown, are slips of the hand. */
const slip = 0.02;

/** Nothing is cut to less than this part of the picture on either side. */
const least = 0.03;

export class Edits {
  readonly tool = signal<Tool>("blur");
  readonly marks = signal<Mark[]>([]);
  /** The mark being made. */
  readonly drawing = signal<Mark | undefined>(undefined);
  /** Where the keyboard's cursor is, as a part of what is shown; undefined until the keyboard is used. */
  readonly cursor = signal<Point | undefined>(undefined);
  #from: Point | undefined;

  /** The part of the picture that is left. */
  readonly shown = computed<Rect>(() => this.marks.value.findLast((mark) => mark.tool === "crop")?.rect ?? whole);

  /** Begins a mark; places are parts of what is shown. */
  press(at: Point): void {
    this.#from = clamp(at);
    this.drawing.value = this.#mark(this.#from);
  }

  move(at: Point): void {
    if (this.#from) this.drawing.value = this.#mark(clamp(at));
  }

  /** Ends the mark. Answers whether there was enough of it to keep. */
  release(): boolean {
    const mark = this.drawing.value;
    this.#from = undefined;
    const keep = mark !== undefined && !this.#isSlip(mark);
    batch(() => {
      this.drawing.value = undefined;
      if (keep) this.marks.value = [...this.marks.value, mark];
    });
    return keep;
  }

  /** Gives the mark up that is being made. */
  abandon(): boolean {
    const had = this.drawing.value !== undefined;
    this.#from = undefined;
    this.drawing.value = undefined;
    return had;
  }

  undo(): void {
    this.marks.value = this.marks.value.slice(0, -1);
  }

  /** Moves the keyboard's cursor, which begins in the middle. */
  nudge(dx: number, dy: number): void {
    const { x, y } = this.cursor.value ?? { x: 0.5, y: 0.5 };
    const to = clamp({ x: x + dx, y: y + dy });
    batch(() => {
      this.cursor.value = to;
      this.move(to);
    });
  }

  /** The keyboard's press and release in turn. Answers what it did. */
  turn(): "begun" | "kept" | "too small" {
    const at = (this.cursor.value ??= { x: 0.5, y: 0.5 });
    if (this.#from) return this.release() ? "kept" : "too small";
    this.press(at);
    return "begun";
  }

  #mark(to: Point): Mark {
    const [from, end] = [this.#inPicture(this.#from ?? to), this.#inPicture(to)];
    switch (this.tool.value) {
      case "crop":
        return { tool: "crop", rect: between(from, end) };
      case "arrow":
        return { tool: "arrow", from, to: end };
      case "blur": {
        const before = this.drawing.value?.tool === "blur" ? this.drawing.value.points : [];
        return { tool: "blur", points: [...before, end] };
      }
    }
  }

  #inPicture(at: Point): Point {
    const { x, y, width, height } = this.shown.value;
    return { x: x + at.x * width, y: y + at.y * height };
  }

  #isSlip(mark: Mark): boolean {
    const { width, height } = this.shown.value;
    switch (mark.tool) {
      case "blur":
        return false;
      case "arrow":
        return Math.hypot((mark.to.x - mark.from.x) / width, (mark.to.y - mark.from.y) / height) < slip;
      case "crop":
        return mark.rect.width < Math.max(least, slip * width) || mark.rect.height < Math.max(least, slip * height);
    }
  }
}

function clamp({ x, y }: Point): Point {
  return { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
}

function between(a: Point, b: Point): Rect {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}
