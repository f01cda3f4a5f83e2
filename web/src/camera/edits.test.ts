import { expect, test } from "vitest";
import { Edits } from "./edits";

function drag(edits: Edits, ...points: [number, number][]): boolean {
  const [first, ...rest] = points.map(([x, y]) => ({ x, y }));
  edits.press(first!);
  for (const point of rest) edits.move(point);
  return edits.release();
}

test("a crop in any direction leaves what lies between, and the next one cuts what was left", () => {
  const edits = new Edits();
  edits.tool.value = "crop";
  expect(drag(edits, [0.75, 0.75], [0.25, 0.25])).toBe(true);
  expect(edits.shown.value).toEqual({ x: 0.25, y: 0.25, width: 0.5, height: 0.5 });
  drag(edits, [0, 0], [0.5, 1]);
  expect(edits.shown.value).toEqual({ x: 0.25, y: 0.25, width: 0.25, height: 0.5 });
  edits.undo();
  expect(edits.shown.value).toEqual({ x: 0.25, y: 0.25, width: 0.5, height: 0.5 });
});

test("a slip of the hand cuts nothing away, and points at nothing", () => {
  const edits = new Edits();
  for (const tool of ["crop", "arrow"] as const) {
    edits.tool.value = tool;
    expect(drag(edits, [0.5, 0.5], [0.505, 0.505])).toBe(false);
  }
  edits.tool.value = "crop";
  expect(drag(edits, [0.2, 0.2], [0.9, 0.201])).toBe(false);
  expect(edits.marks.value).toEqual([]);
});

test("a touch of the brush is enough, and marks belong to the picture and not to the cut", () => {
  const edits = new Edits();
  edits.tool.value = "crop";
  drag(edits, [0.5, 0.5], [1, 1]);
  edits.tool.value = "blur";
  expect(drag(edits, [0.5, 0.5])).toBe(true);
  expect(edits.marks.value.at(-1)).toEqual({ tool: "blur", points: [{ x: 0.75, y: 0.75 }] });
});

test("dragging out of the picture stops at its edge", () => {
  const edits = new Edits();
  edits.tool.value = "arrow";
  drag(edits, [0.5, 0.5], [1.4, -3]);
  expect(edits.marks.value).toEqual([{ tool: "arrow", from: { x: 0.5, y: 0.5 }, to: { x: 1, y: 0 } }]);
});

test("the keyboard does what a pointer does", () => {
  const edits = new Edits();
  edits.tool.value = "arrow";
  edits.nudge(-0.25, 0);
  expect(edits.turn()).toBe("begun");
  edits.nudge(0.5, 0);
  expect(edits.drawing.value).toEqual({ tool: "arrow", from: { x: 0.25, y: 0.5 }, to: { x: 0.75, y: 0.5 } });
  expect(edits.turn()).toBe("kept");
  expect(edits.turn()).toBe("begun");
  expect(edits.abandon()).toBe(true);
  expect(edits.turn()).toBe("begun");
  expect(edits.turn()).toBe("too small");
  expect(edits.marks.value).toHaveLength(1);
});
