import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { Silence } from "../../../dashboards/static/dashboards/js/silence.js";

test("a silent link is asked once, then given up", () => {
  mock.timers.enable({ apis: ["Date"], now: 0 });
  const silence = new Silence();
  silence.heartbeatMs = 1_000;
  silence.end();
  const dues = [2_400, 100, 1_900, 200].map((ms) => {
    mock.timers.tick(ms);
    return silence.due(true, true);
  });
  assert.deepEqual(dues, ["", "ping", "", "over"]);
  silence.end();
  assert.equal(silence.due(true, true), "");
  mock.timers.reset();
});

test("a link that does not open is given up after ten seconds", () => {
  mock.timers.enable({ apis: ["Date"], now: 0 });
  const silence = new Silence();
  mock.timers.tick(9_000);
  assert.equal(silence.due(false, true), "");
  mock.timers.tick(2_000);
  assert.equal(silence.due(false, true), "over");
  assert.equal(silence.due(false, false), "");
  mock.timers.reset();
});
