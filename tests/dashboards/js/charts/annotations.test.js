import assert from "node:assert/strict";
import { test } from "node:test";

import { lostBetween, noteState, readLosses, readOffline, shadeLosses } from "../../../../dashboards/static/dashboards/js/charts/annotations.js";

test("spans are read in ms and in order", () => {
  const items = [
    { dataset: { from: "5000", to: "7000" } },
    { dataset: { from: "1000", to: "2000" } },
  ];
  const root = { querySelectorAll: () => items };
  assert.deepEqual(readLosses(/** @type {any} */ (root)), [[1, 2], [5, 7]]);
});

test("a time offline that lasts has no end", () => {
  const root = { querySelectorAll: () => [{ dataset: { from: "3000" } }, { dataset: { from: "1000", to: "2000" } }] };
  assert.deepEqual(readOffline(/** @type {any} */ (root)), [[1, 2], [3, Infinity]]);
});

test("a device that goes and comes back is noted once", () => {
  /** @type {[number, number][]} */
  const spans = [];
  assert.equal(noteState(spans, "online", 5), false);
  assert.equal(noteState(spans, "offline", 10), true);
  assert.equal(noteState(spans, "offline", 10), false);
  assert.equal(noteState(spans, "stale", 20), true);
  assert.equal(noteState(spans, "online", null), false);
  assert.deepEqual(spans, [[10, 20]]);
});

test("a loss between two points is found", () => {
  assert.equal(lostBetween([[5, 7]], 1, 4), false);
  assert.equal(lostBetween([[5, 7]], 4, 6), true);
  assert.equal(lostBetween([[5, 7]], 6, 6.5), true);
  assert.equal(lostBetween([], 0, 9), false);
});

test("what is on screen is shaded, a moment too", () => {
  /** @type {number[][]} */
  const drawn = [];
  const plot = {
    bbox: { left: 0, top: 0, width: 100, height: 10 },
    valToPos: (/** @type {number} */ ms) => ms,
    ctx: { save() {}, restore() {}, fillRect: (/** @type {number[]} */ ...rect) => drawn.push(rect), fillStyle: "" },
  };
  shadeLosses(plot, [[-50, -10], [-5, 20], [50, 50], [90, Infinity], [200, 300]], "red");
  assert.deepEqual(drawn, [[0, 0, 20, 10], [50, 0, 2, 10], [90, 0, 10, 10]]);
});
