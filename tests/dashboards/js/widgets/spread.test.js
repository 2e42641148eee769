// Bars, hours against days, histograms, one against another: what is drawn, without a canvas.

import assert from "node:assert/strict";
import test from "node:test";

import { cellsOf } from "../../../../dashboards/static/dashboards/js/widgets/heat-map.js";
import { pairs } from "../../../../dashboards/static/dashboards/js/widgets/scatter.js";
import { periods, total } from "../../../../dashboards/static/dashboards/js/widgets/bars.js";
import { ranges } from "../../../../dashboards/static/dashboards/js/widgets/histogram.js";
import { setZone } from "../../../../dashboards/static/dashboards/js/display/format.js";
import { ticks } from "../../../../dashboards/static/dashboards/js/charts/flat-canvas.js";

/** @param {(number|null)[]} values */
const sums = (...values) => values.map((value, n) => ({ start: n * 3_600_000, end: (n + 1) * 3_600_000, value }));

/** @param {[number, number|boolean][]} points */
const part = (...points) => ({
  columns: { ts: points.map(([ts]) => ts), value: points.map(([, value]) => value), min: points.map(() => null), max: points.map(() => null), mean: points.map(() => null) },
  binMs: 0,
  gaps: [],
});

test("each bar stands beside the one of the period before", () => {
  const { now, before } = periods(sums(1, 2, 3, 4), 2, true);
  assert.deepEqual([now.map((one) => one.value), before.map((one) => one?.value)], [[3, 4], [1, 2]]);
  // The period before may not be known whole.
  assert.deepEqual(periods(sums(2, 3, 4), 2, true).before.map((one) => one?.value ?? null), [null, 2]);
  assert.deepEqual(periods(sums(1, 2, 3), 2, false).before, [null, null]);
  assert.equal(total([1, null, 2]), 3);
});

test("ranges hold every value once", () => {
  const found = ranges([0, 1, 2, 3, 4, 5, 6, 7, 8, 10], 5);
  assert.deepEqual(found.map(({ share }) => share), [0.2, 0.2, 0.2, 0.2, 0.2]);
  assert.deepEqual([found[0].from, found[4].to], [0, 10]);
  assert.deepEqual(ranges([7, 7], 5), [{ from: 7, to: 7, share: 1 }]);
  assert.deepEqual(ranges([], 5), []);
});

test("values of the same time are paired, old ones are not", () => {
  const one = /** @type {any} */ (part([0, 1], [10, 2], [20, 3], [500, 4]));
  const two = /** @type {any} */ (part([1, 10], [11, 20], [21, 30]));
  assert.deepEqual(pairs(one, two), [
    { ts: 10, x: 2, y: 10 },
    { ts: 20, x: 3, y: 20 },
  ]);
  assert.deepEqual(pairs(one, /** @type {any} */ (part())), []);
});

test("hours are told apart by the page's calendar", () => {
  setZone("Asia/Kolkata");
  const found = cellsOf([{ start: Date.UTC(2026, 0, 1, 18, 30), end: 0, value: 5 }, { start: Date.UTC(2026, 0, 1, 19, 30), end: 0, value: null }]);
  assert.deepEqual(found, { days: ["2026-01-02"], cells: [{ day: "2026-01-02", hour: 0, value: 5 }] });
  setZone(undefined);
});

test("an axis has round numbers", () => {
  assert.deepEqual(ticks(0, 10), [0, 5, 10]);
  assert.deepEqual(ticks(0, 0.3, 3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(5, 5), [5]);
  assert.deepEqual(ticks(-3, 3, 6), [-3, -2, -1, 0, 1, 2, 3]);
});
