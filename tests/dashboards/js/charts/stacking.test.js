import assert from "node:assert/strict";
import { test } from "node:test";
import { stacked, stackedBands } from "../../../../dashboards/static/dashboards/js/charts/stacking.js";

test("each line is drawn above the sum of those before it", () => {
  const data = [[1, 2], [10, 20], [1, 2], [0.5, 0.5]];
  assert.deepEqual(stacked(data), [[1, 2], [10, 20], [11, 22], [11.5, 22.5]]);
});

test("what a line has not at the time of another is what it was before", () => {
  const data = [[1, 2, 3], [10, undefined, 20], [1, 2, undefined]];
  assert.deepEqual(stacked(data), [[1, 2, 3], [10, 10, 20], [11, 12, 22]]);
});

test("a break of one line counts as nothing below the next, and is a break of its own", () => {
  const data = [[1, 2, 3], [10, null, 20], [1, 1, 1]];
  assert.deepEqual(stacked(data), [[1, 2, 3], [10, null, 20], [11, 1, 21]]);
});

test("before its first value a line is not drawn", () => {
  assert.deepEqual(stacked([[1, 2], [undefined, 5], [1, 1]]), [[1, 2], [null, 5], [1, 6]]);
});

test("each line is filled down to the one before", () => {
  assert.deepEqual(stackedBands(3), [{ series: [2, 1] }, { series: [3, 2] }]);
  assert.deepEqual(stackedBands(1), []);
});
