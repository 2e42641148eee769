import assert from "node:assert/strict";
import test from "node:test";
import { alone, lineAt, isFar, plotData, shifted, valuesAt } from "../../../../dashboards/static/dashboards/js/charts/plot-data.js";

/** @param {number[]} ts @returns {any} */
function columns(ts) {
  const none = ts.map(() => null);
  return { ts, value: ts.map((t) => t / 10), min: none, max: none, mean: none };
}

test("a line is broken where nothing came for much longer than usual", () => {
  const [ts, value] = plotData(columns([0, 10, 20, 30, 100, 110, 120]), 0);
  assert.deepEqual(ts, [0, 10, 20, 30, 65, 100, 110, 120]);
  assert.equal(value[4], null);
});

test("a device that sends more often from some time on has no gaps before", () => {
  const slow = [0, 600, 1200, 1800, 2400];
  const fast = Array.from({ length: 200 }, (_, i) => 2410 + 10 * i);
  assert.equal(plotData(columns([...slow, ...fast]), 0)[1].includes(null), false);
});

test("a line is broken where something was lost", () => {
  const [ts] = plotData(columns([0, 10, 20]), 0, [[12, 13]]);
  assert.deepEqual(ts, [0, 10, 15, 20]);
});

test("bins have their extremes, and booleans are 0 and 1", () => {
  const data = plotData({ ts: [0, 10], value: [true, false], min: [0, 0], max: [1, 0], mean: [0.5, 0] }, 10);
  assert.deepEqual(data, [[0, 10], [1, 0], [0, 0], [1, 0]]);
});

test("two points are never far from each other", () => {
  assert.equal(isFar([0, 99], 1, 0), false);
  assert.equal(isFar([0, 99], 0, 0), false);
});

test("another day is moved over this one", () => {
  const moved = shifted({ columns: columns([1, 2]), binMs: 0, gaps: [[1, 2]] }, 100);
  assert.deepEqual(moved.columns.ts, [101, 102]);
  assert.deepEqual(moved.gaps, [[101, 102]]);
});

test("at the cursor each line has its last value, or none in a gap", () => {
  const data = [[0, 1, 2, 3], [5, undefined, undefined, 6], [undefined, 7, null, undefined]];
  assert.deepEqual(valuesAt(data, [1, 2], 2), [5, null]);
  assert.deepEqual(valuesAt(data, [1, 2], 0), [5, null]);
  assert.deepEqual(valuesAt(data, [1, 2], 1), [5, 7]);
});

test("points that no line joins are found, also between the times of other lines", () => {
  assert.deepEqual(alone([1]), [0]);
  assert.deepEqual(alone([1, null, 2, 3, null, 4]), [0, 5]);
  assert.deepEqual(alone([undefined, 1, undefined, undefined]), [1]);
  assert.deepEqual(alone([1, undefined, 2]), []);
  assert.deepEqual(alone([null, undefined, null]), []);
});

test("a bin of numbers is drawn at its mean, anything else at its value", () => {
  const columns = { ts: [0, 1, 2], value: [9, true, 5], min: [1, 0, 5], max: [9, 1, 5], mean: [4, 0.5, null] };
  assert.deepEqual([0, 1, 2].map((i) => lineAt(columns, i)), [4, 1, 5]);
  assert.deepEqual(plotData(columns, 1)[1], [4, 1, 5]);
});
