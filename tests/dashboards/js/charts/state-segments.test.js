import assert from "node:assert/strict";
import test from "node:test";
import { segments } from "../../../../dashboards/static/dashboards/js/charts/state-segments.js";

/** @param {number[]} ts @param {any[]} value @param {any[]} [min] @param {any[]} [max] @returns {any} */
function part(ts, value, min, max, binMs = 0, gaps = /** @type {[number, number][]} */ ([])) {
  return { columns: { ts, value, min: min ?? ts.map(() => null), max: max ?? ts.map(() => null), mean: ts.map(() => null) }, binMs, gaps };
}

test("a state lasts until the next one, and the last one until now", () => {
  assert.deepEqual(segments(part([0, 10, 20], [true, true, false]), 50), [
    { start: 0, end: 20, value: true, mixed: false },
    { start: 20, end: 50, value: false, mixed: false },
  ]);
});

test("what was lost has no state", () => {
  const found = segments(part([0, 10], ["a", "a"], undefined, undefined, 0, [[12, 30]]), 40);
  assert.deepEqual(found.map(({ start, end }) => [start, end]), [[0, 11]]);
});

test("a bin with more than one state is told apart", () => {
  const found = segments(part([0, 10, 20], [1, 1, 1], [1, 0, 1], [1, 1, 1], 10), 30);
  assert.deepEqual(found.map(({ mixed }) => mixed), [false, true, false]);
});

test("missing bins leave a hole", () => {
  const ts = [0, 10, 20, 90, 100, 110];
  const found = segments(part(ts, ts.map(() => 1), ts.map(() => 1), ts.map(() => 1), 10), 120);
  assert.deepEqual(found.map(({ start, end }) => [start, end]), [[0, 30], [90, 120]]);
});
