import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_MS, SHORTEST_MS, kept, moved, scaled, spanOf } from "../../../../dashboards/static/dashboards/js/charts/time-span.js";
import { KEYS, pinched } from "../../../../dashboards/static/dashboards/js/charts/gestures.js";

test("zooming keeps the place that it is around", () => {
  assert.deepEqual(scaled([10_000, 20_000], 0.5), [12_500, 17_500]);
  assert.deepEqual(scaled([10_000, 20_000], 2, 0), [10_000, 30_000]);
  assert.deepEqual(scaled([10_000, 20_000], 2, 1), [0, 20_000]);
});

test("zooming ends at a second and at fifty years", () => {
  const [from, to] = scaled([0, 2_000], 1e-9);
  assert.equal(to - from, SHORTEST_MS);
  const [start, end] = scaled([0, LONGEST_MS], 10);
  assert.equal(end - start, LONGEST_MS);
});

test("panning moves by a share of what is shown", () => {
  assert.deepEqual(moved([1_000, 3_000], -0.25), [500, 2_500]);
});

test("a span stays after 1970 and keeps something of the past in view", () => {
  const now = 1_000_000;
  assert.deepEqual(kept([-5_000, 5_000], now), [0, 10_000]);
  assert.deepEqual(kept([now, now + 10_000], now), [now - 5_000, now + 5_000]);
  assert.deepEqual(kept([10_000, 20_000], now), [10_000, 20_000]);
});

test("a page's address names a span, or none", () => {
  assert.deepEqual(spanOf("?from=1000&to=5000"), [1_000, 5_000]);
  for (const query of ["", "?from=1000", "?from=5000&to=1000", "?from=x&to=y", "?from=1&to=9e18"]) {
    assert.equal(spanOf(query), null, query);
  }
});

test("what is below each of two fingers stays below it", () => {
  const span = pinched([0, 1_000], [0.4, 0.6], [0.2, 0.8]);
  const at = (/** @type {number} */ place) => span[0] + (span[1] - span[0]) * place;
  assert.ok(Math.abs(at(0.2) - 400) < 1e-6);
  assert.ok(Math.abs(at(0.8) - 600) < 1e-6);
});

test("fingers on one place change nothing", () => {
  assert.deepEqual(pinched([0, 1_000], [0.4, 0.6], [0.5, 0.51]), [0, 1_000]);
});

test("keys move, zoom and go back to live", () => {
  assert.deepEqual(KEYS.ArrowRight([0, 1_000]), [250, 1_250]);
  const [from, to] = KEYS["-"]([0, 1_000]) ?? [0, 0];
  assert.ok(to - from > 1_000);
  assert.equal(KEYS["0"]([0, 1_000]), null);
});
