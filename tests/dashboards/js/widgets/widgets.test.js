import assert from "node:assert/strict";
import test from "node:test";
import { shiftOf } from "../../../../dashboards/static/dashboards/js/charts/compare.js";
import { Feeds } from "../../../../dashboards/static/dashboards/js/widgets/widget-feeds.js";
import { reached, thresholdWords } from "../../../../dashboards/static/dashboards/js/charts/thresholds.js";
import { rowsOf } from "../../../../dashboards/static/dashboards/js/charts/values-table.js";
import { shareOf } from "../../../../dashboards/static/dashboards/js/widgets/gauge.js";
import { sparkPath } from "../../../../dashboards/static/dashboards/js/charts/spark-path.js";

/** @param {number[]} ts @param {any[]} value @returns {any} */
function part(ts, value) {
  const none = ts.map(() => null);
  return { columns: { ts, value, min: none, max: none, mean: none }, binMs: 0, gaps: [] };
}

test("a gauge stays on its scale", () => {
  assert.deepEqual([-5, 25, 200, null].map((value) => shareOf(value, 0, 100)), [0, 0.25, 1, 0]);
});

test("a sparkline is as high as its values and leaves out what is off the span", () => {
  const { columns } = part([0, 50, 100, 200], [0, 10, 5, 999]);
  assert.equal(sparkPath(columns, [0, 100]), "M0.00 29.00L50.00 1.00L100.00 15.00");
  assert.equal(sparkPath(part([], []).columns, [0, 1]), "");
});

test("the worst threshold that is reached is told", () => {
  /** @type {import("../../../../dashboards/static/dashboards/js/charts/thresholds.js").Threshold[]} */
  const limits = [
    { value: 50, level: "warn", above: true, label: "" },
    { value: 80, level: "bad", above: true, label: "too hot" },
    { value: 5, level: "bad", above: false, label: "" },
  ];
  assert.equal(thresholdWords(reached(limits, 20)), "");
  assert.equal(thresholdWords(reached(limits, 60)), "at or above 50");
  assert.equal(thresholdWords(reached(limits, 80)), "too hot");
  assert.equal(thresholdWords(reached(limits, 5)), "at or below 5");
  assert.equal(reached(limits, null), null);
});

test("a table has every moment once, newest first, with what each series was then", () => {
  const rows = rowsOf([part([1, 3], [10, 30]), part([2, 3], [true, false])]);
  assert.deepEqual(rows, [
    { ts: 3, words: ["30", "off"] },
    { ts: 2, words: ["", "on"] },
    { ts: 1, words: ["10", ""] },
  ]);
  assert.equal(rowsOf([part([1, 2, 3], [1, 2, 3])], 2).length, 2);
});

test("another day is whole days away", () => {
  const end = Date.parse("2026-03-05T13:00:00");
  assert.equal(shiftOf("day:7", end), 7 * 86_400_000);
  assert.equal(shiftOf("on:2026-03-01", end), 4 * 86_400_000);
  assert.equal(shiftOf("on:never", end), 0);
  assert.equal(shiftOf("press/temperature", end), 0);
});

test("widgets that look at the same time share a subscription, and a series is asked for once", () => {
  /** @type {any[]} */
  const sent = [];
  const socket = /** @type {any} */ ({
    subscribe: (/** @type {any} */ frame) => sent.push(frame),
    unsubscribe: (/** @type {number} */ id) => sent.push({ unsub: id }),
  });
  const feeds = new Feeds(socket, 60_000, () => {});
  const store = feeds.want({ keys: ["a/x", "a/y"], kind: "series", points: 400 });
  assert.equal(feeds.want({ keys: ["a/y", "b/x"], kind: "series", points: 400 }), store);
  assert.notEqual(feeds.want({ keys: ["a/x"], kind: "latest", points: 1 }), store);
  feeds.open();
  feeds.open();
  assert.deepEqual(sent, [
    { keys: ["a/x", "a/y", "b/x"], rate_hz: 10, from: -60_000, points: 400 },
    { kind: "latest", keys: ["a/x"], rate_hz: 4 },
  ]);
  store.isFull = true;
  feeds.refresh();
  feeds.refresh();
  assert.equal(sent.length, 4, "asked anew once");
  assert.deepEqual(sent.slice(2).map((/** @type {any} */ frame) => frame.unsub ?? frame.keys.length), [1, 3]);
});
