// Back and forward, and how arrow keys move widgets.

import assert from "node:assert/strict";
import test from "node:test";

import { Undo } from "../../../../dashboards/static/dashboards/js/editor/undo.js";
import { stepped } from "../../../../dashboards/static/dashboards/js/editor/placing.js";

test("what was done is undone and done again", () => {
  const undo = new Undo({ n: 0 });
  assert.equal(undo.canUndo, false);
  assert.equal(undo.add({ n: 1 }), true);
  assert.equal(undo.add({ n: 1 }), false);
  undo.add({ n: 2 });
  assert.deepEqual(undo.move(-1), { n: 1 });
  assert.deepEqual(undo.move(-1), { n: 0 });
  assert.equal(undo.move(-1), null);
  assert.deepEqual(undo.move(1), { n: 1 });
  assert.equal(undo.canRedo, true);
  undo.add({ n: 7 });
  assert.equal(undo.canRedo, false);
  assert.deepEqual(undo.move(-1), { n: 1 });
});

test("the line does not grow without end", () => {
  const undo = new Undo({ n: 0 });
  for (let n = 1; n < 1_000; n += 1) undo.add({ n });
  assert.equal(undo.line.length, 200);
  assert.deepEqual(undo.now, { n: 999 });
});

test("arrow keys move within the grid, and resize", () => {
  const area = { x: 0, y: 0, w: 6, h: 2 };
  assert.deepEqual(stepped(area, "ArrowRight", false), { x: 1, y: 0 });
  assert.deepEqual(stepped(area, "ArrowDown", false), { x: 0, y: 1 });
  assert.equal(stepped(area, "ArrowLeft", false), null);
  assert.equal(stepped({ ...area, x: 6 }, "ArrowRight", false), null);
  assert.deepEqual(stepped(area, "ArrowRight", true), { w: 7, h: 2 });
  assert.equal(stepped({ ...area, x: 6 }, "ArrowRight", true), null);
  assert.equal(stepped({ ...area, h: 1 }, "ArrowUp", true), null);
  assert.equal(stepped(area, "Enter", false), null);
});
