// When a list of alarms is to be heard.

import assert from "node:assert/strict";
import test from "node:test";

import { rings } from "../../../../dashboards/static/dashboards/js/pages/alarms.js";

const ALARM = { state: "raised", severity: "warning", seq: 7, acknowledged: null, history: false };

test("what is raised newly is heard, and nothing else", () => {
  assert.equal(rings([ALARM], 6), true);
  assert.equal(rings([ALARM], 7), false);
  assert.equal(rings([{ ...ALARM, state: "acknowledged" }], 6), false);
  assert.equal(rings([{ ...ALARM, severity: "info" }], 6), false);
  assert.equal(rings([{ ...ALARM, state: "cleared" }], 6), false);
  assert.equal(rings([], 0), false);
});
