import assert from "node:assert/strict";
import test from "node:test";
import { seenWords, shareOn, summaryOf, sharesOf } from "../../../../dashboards/static/dashboards/js/charts/seen.js";
import { csvOf } from "../../../../dashboards/static/dashboards/js/charts/chart-menu.js";

/** @param {number[]} ts @param {any[]} value @param {Partial<Record<"min"|"max"|"mean", number[]>>} [bins] */
function part(ts, value, bins) {
  const none = ts.map(() => null);
  return { columns: { ts, value, min: bins?.min ?? none, max: bins?.max ?? none, mean: bins?.mean ?? none }, binMs: bins ? 10 : 0, gaps: [] };
}

test("what lies in the span is summed up, extremes of bins among it", () => {
  const exact = part([0, 10, 20, 30], [9, 1, 2, 4.5]);
  assert.deepEqual(summaryOf(exact, [10, 30]), { least: 1, mean: 2.5, most: 4.5, first: 1, last: 4.5 });
  const bins = part([10, 20], [1, 2], { min: [-5, 1], max: [3, 7], mean: [1, 3] });
  assert.deepEqual(summaryOf(bins, [0, 30]), { least: -5, mean: 2, most: 7, first: 1, last: 2 });
  assert.equal(summaryOf(part([5], ["open"]), [0, 9]), null);
  assert.equal(summaryOf(part([5], [1]), [6, 9]), null);
});

test("a state is told by the share of the time", () => {
  assert.equal(shareOn(part([0, 10, 30], [true, false, true]), [0, 40]), 0.5);
  assert.equal(shareOn(part([0], [true]), [10, 20]), 1);
  assert.equal(shareOn(part([], []), [0, 10]), null);
  assert.deepEqual(seenWords(part([0, 10], [true, false]), [0, 30], "boolean"), [["on", "33.3 %"]]);
});

test("words have as many decimals as the values, a mean one more", () => {
  const words = seenWords(part([1, 2], [21.5, 22]), [0, 9], "number");
  assert.deepEqual(words, [["min", "21.5"], ["mean", "21.75"], ["max", "22.0"], ["last", "22.0"], ["change", "+0.5"]]);
  assert.deepEqual(seenWords(part([1, 2], [21.5, 20]), [0, 9], "number", { decimals: 0 }).at(-1), ["change", "-2"]);
  assert.deepEqual(seenWords(part([], []), [0, 9], "number"), []);
});

test("what is seen is CSV that no spreadsheet takes for formulas", () => {
  const rows = csvOf(part([0, 1_000, 9_000], [1.5, "=1+1", 3]), [0, 5_000], 'a/"x"', "°C");
  assert.equal(rows, 'time,"a/""x"" (°C)"\r\n1970-01-01T00:00:00.000Z,1.5\r\n1970-01-01T00:00:01.000Z,\'=1+1\r\n');
  const bins = csvOf(part([0], [-2], { min: [-3], max: [1], mean: [-1] }), [0, 9], "t", "");
  assert.equal(bins.split("\r\n")[0], "time,t,min,max,mean");
  assert.equal(bins.split("\r\n")[1], "1970-01-01T00:00:00.000Z,-2,-3,1,-1");
});

test("the time in each state is a share of what is known, the longest first", () => {
  const columns = { ts: [0, 10, 40, 90], value: ["idle", "running", "idle", "fault"], min: [], max: [], mean: [] };
  assert.deepEqual(sharesOf({ columns, binMs: 0, gaps: [] }, [0, 100]), [["idle", 0.6], ["running", 0.3], ["fault", 0.1]]);
});

test("time outside the span counts for nothing", () => {
  const columns = { ts: [0, 50], value: ["a", "b"], min: [], max: [], mean: [] };
  assert.deepEqual(sharesOf({ columns, binMs: 0, gaps: [] }, [40, 60]), [["a", 0.5], ["b", 0.5]]);
  assert.deepEqual(sharesOf({ columns: { ts: [], value: [], min: [], max: [], mean: [] }, binMs: 0, gaps: [] }, [0, 1]), []);
});

test("no part of a cell of that CSV begins a formula where cells are parted at semicolons", () => {
  const [, row] = csvOf(part([0], ["a;=cmd;-2;b"]), [0, 9], "t", "").split("\r\n");
  assert.equal(row, "1970-01-01T00:00:00.000Z,a;'=cmd;'-2;b");
});
