// Which alarms a widget shows, and in which order.

import assert from "node:assert/strict";
import test from "node:test";

import { worstOn } from "../../../../dashboards/static/dashboards/js/widgets/alarms.js";

const ALARM = { id: 1, seq: 1, rule: "x", severity: "warning", state: "raised", device: "a", name: "A", metric: "t", value: "9", unit: "", since: 1 };

test("what is on is shown, the worst first, those that somebody cares about last", () => {
  const alarms = [
    { ...ALARM, id: 1 },
    { ...ALARM, id: 2, severity: "critical", state: "acknowledged" },
    { ...ALARM, id: 3, severity: "critical" },
    { ...ALARM, id: 4, since: 2 },
    { ...ALARM, id: 5, state: "cleared" },
    { ...ALARM, id: 6, state: "shelved" },
    { ...ALARM, id: 7, state: "latched", severity: "info" },
  ];
  assert.deepEqual(worstOn(alarms, "", 9).map(({ id }) => id), [3, 4, 1, 7, 2]);
  assert.deepEqual(worstOn(alarms, "", 2).map(({ id }) => id), [3, 4]);
  assert.deepEqual(worstOn(alarms, "b", 9), []);
});
