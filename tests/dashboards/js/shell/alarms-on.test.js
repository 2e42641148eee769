// How many alarms are on, and how bad the worst is.

import assert from "node:assert/strict";
import test from "node:test";

import { alarmWords } from "../../../../dashboards/static/dashboards/js/shell/alarms-on.js";

const NONE = { critical: 0, warning: 0, info: 0, unacknowledged: 0 };

test("the worst of them gives the colour, and none is told by nothing", () => {
  assert.deepEqual(alarmWords(NONE), { words: "", level: "" });
  assert.deepEqual(alarmWords({ ...NONE, info: 1 }), { words: "1 alarm", level: "" });
  assert.deepEqual(alarmWords({ ...NONE, info: 1, warning: 2 }), { words: "3 alarms", level: "yellow" });
  assert.deepEqual(alarmWords({ ...NONE, critical: 1, warning: 1 }), { words: "2 alarms", level: "red" });
});
