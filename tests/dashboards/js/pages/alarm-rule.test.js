// The form of a rule: which fields it shows, what it asks, and what comes back in words.

import assert from "node:assert/strict";
import test from "node:test";

import { isShown, ruleOf, triedWords } from "../../../../dashboards/static/dashboards/js/pages/alarm-rule.js";

test("each kind shows what it is made of, and what belongs to all", () => {
  assert.equal(isShown("above", "high"), true);
  assert.equal(isShown("above", "low"), false);
  assert.equal(isShown("missing", "for_s"), true);
  assert.equal(isShown("missing", "unit"), false);
  assert.equal(isShown("stuck", "severity"), true);
  assert.equal(isShown("", "low"), true);
});

test("the form is the rule that the API asks for", () => {
  const data = new FormData();
  const given = { name: "", metric: " t ", kind: "above", high: "5.5", low: "", for_s: "60", again_s: "", device_key: "press", device_type: "x", starts: "06:00", ends: "22:00" };
  for (const [name, value] of Object.entries(given)) data.set(name, value);
  const rule = ruleOf(data);
  assert.equal(rule.name, "-");
  assert.equal(rule.metric, "t");
  assert.equal(rule.high, 5.5);
  assert.equal("low" in rule, false);
  assert.deepEqual([rule.for_s, rule.again_s, rule.window_s], [60, 0, 0]);
  assert.deepEqual([rule.device, rule.type, rule.starts], ["press", "x", "06:00"]);
  assert.equal(ruleOf(new FormData()).starts, null);
});

test("what it would have raised is told in words", () => {
  const found = { count: 14, longer_than_10_minutes: 3, from: 0, to: 30 * 86_400_000, series: 1, of: 1 };
  assert.equal(triedWords(found), "14 alarms in 30 days, 3 longer than 10 minutes");
  assert.equal(triedWords({ ...found, count: 1, longer_than_10_minutes: 0, to: 86_400_000 }), "1 alarm in 1 day");
  assert.match(triedWords({ ...found, series: 20, of: 300 }), /20 of 300 series/);
  assert.match(triedWords({ ...found, of: 0 }), /No series/);
});
