import assert from "node:assert/strict";
import test from "node:test";
import { reconnectDelay, restartDelay } from "../../../../dashboards/static/dashboards/js/live/backoff.js";

test("delays double with full jitter and end at 30 s", () => {
  assert.deepEqual([0, 1, 2, 10].map((n) => reconnectDelay(n, () => 1)), [500, 1000, 2000, 30000]);
  assert.equal(reconnectDelay(3, () => 0), 0);
});

test("pages of a server that restarts come back spread over time", () => {
  assert.deepEqual([0, 0.5, 1].map((n) => restartDelay(2000, () => n)), [2000, 3500, 5000]);
});
