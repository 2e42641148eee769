import assert from "node:assert/strict";
import test from "node:test";
import { reconnectDelay } from "../../../dashboards/static/dashboards/js/socket.js";

test("delays double with full jitter and end at 30 s", () => {
  assert.deepEqual([0, 1, 2, 10].map((n) => reconnectDelay(n, () => 1)), [500, 1000, 2000, 30000]);
  assert.equal(reconnectDelay(3, () => 0), 0);
});
