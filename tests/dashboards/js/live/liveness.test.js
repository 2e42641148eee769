import assert from "node:assert/strict";
import test from "node:test";
import * as timers from "../timers.js";
import { Silence } from "../../../../dashboards/static/dashboards/js/live/liveness.js";

test("a silent link is asked once, then given up", () => {
  timers.enable();
  const silence = new Silence();
  silence.heartbeatMs = 1_000;
  silence.end();
  const dues = [2_400, 100, 1_900, 200].map((ms) => {
    timers.tick(ms);
    return silence.due(true, true);
  });
  assert.deepEqual(dues, ["", "ping", "", "over"]);
  silence.end();
  assert.equal(silence.due(true, true), "");
  timers.reset();
});

test("a link that does not open is given up after ten seconds", () => {
  timers.enable();
  const silence = new Silence();
  timers.tick(9_000);
  assert.equal(silence.due(false, true), "");
  timers.tick(2_000);
  assert.equal(silence.due(false, true), "over");
  assert.equal(silence.due(false, false), "");
  timers.reset();
});
