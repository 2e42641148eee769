import assert from "node:assert/strict";
import test from "node:test";
import { emptyColumns, put, trim } from "../../../../dashboards/static/dashboards/js/live/columns.js";
import { Store } from "../../../../dashboards/static/dashboards/js/live/store.js";

const ACK = { t: "ack", series: { 0: { key: "a/t", unit: "", kind: "number" } }, bin_ms: 0, denied: [] };

/** @param {any} cols @param {number} part @param {number} of */
function snap(cols, part = 1, of = 1) {
  return { t: "snap", mode: "full", part, of, cols: { 0: cols }, ...(part === 1 ? { devices: {} } : {}) };
}

function storeWith(/** @type {number[]} */ ...ts) {
  const store = new Store(() => {});
  store.take(ACK);
  store.take(snap({ ts, value: ts.map((t) => t * 10) }));
  return store;
}

test("late rows are put at their own time and the same time is replaced", () => {
  const store = storeWith(1, 2, 4);
  store.take({ t: "upd", d: { 0: [[3, 30], [4, 41], [5, 50]] } });
  assert.deepEqual(store.columns.get("a/t")?.ts, [1, 2, 3, 4, 5]);
  assert.deepEqual(store.columns.get("a/t")?.value, [10, 20, 30, 41, 50]);
});

test("a snapshot in parts replaces what is shown only when it is whole", () => {
  const store = storeWith(1, 2);
  store.take(ACK);
  store.take(snap({ ts: [7], value: [70] }, 1, 2));
  assert.deepEqual(store.columns.get("a/t")?.ts, [1, 2]);
  store.take(snap({ ts: [8], value: [80] }, 2, 2));
  assert.deepEqual(store.columns.get("a/t")?.ts, [7, 8]);
});

test("a patch replaces the ranges that it names, also by nothing", () => {
  const store = storeWith(1, 2, 3, 4, 5);
  store.take(ACK);
  const patch = { t: "snap", mode: "patch", part: 1, of: 2, ranges: { 0: [[2, 3], [5, 9]] }, devices: {} };
  store.take({ ...patch, cols: { 0: { ts: [3], value: [33] } } });
  assert.deepEqual(store.columns.get("a/t")?.ts, [1, 2, 3, 4, 5]);
  store.take({ ...patch, part: 2, ranges: undefined, cols: { 0: { ts: [6, 7], value: [60, 70] } } });
  assert.deepEqual(store.columns.get("a/t")?.ts, [1, 3, 4, 6, 7]);
  assert.deepEqual(store.columns.get("a/t")?.value, [10, 33, 40, 60, 70]);
  assert.equal(store.columns.get("a/t")?.min.length, 5);
});

test("a gap is kept beside the points, until the next answer tells anew", () => {
  const store = storeWith(1, 5);
  store.take({ t: "gap", keys: [0], from: 2, to: 4 });
  assert.deepEqual(store.columns.get("a/t")?.value, [10, 50]);
  assert.deepEqual(store.gaps.get("a/t"), [[2, 4]]);
  store.take(ACK);
  assert.equal(store.gaps.size, 0);
});

test("what lies before the window goes, but for the point at its edge", () => {
  const columns = emptyColumns();
  for (let ts = 0; ts < 100; ts += 1) put(columns, ts, ts, null, null, null);
  trim(columns, 90);
  assert.equal(columns.ts[0], 89);
  assert.equal(columns.value.length, columns.ts.length);
});

test("an error is kept for the page to tell", () => {
  const store = storeWith(1);
  store.take({ t: "err", msg: "too many" });
  assert.equal(store.problem, "too many");
});

test("updates of unknown series are passed over", () => {
  const store = storeWith(1);
  store.take({ t: "upd", d: { 9: [[3, 30]] } });
  assert.equal(store.columns.size, 1);
});

test("a store keeps the newest points alone, and says that it is full", () => {
  const store = new Store(() => {}, 100);
  store.take({ ...ACK });
  for (let ts = 0; ts < 1_000; ts += 1) store.take({ t: "upd", d: { 0: [[ts, ts]] } });
  const { ts } = store.columnsOf("a/t");
  assert.ok(ts.length >= 100 && ts.length <= 110, String(ts.length));
  assert.equal(ts.at(-1), 999);
  assert.equal(store.isFull, true);
  store.take({ ...ACK });
  assert.equal(store.isFull, false);
});

test("means of bins come with snapshots and updates, and nothing is known before them", () => {
  const store = new Store(() => {});
  store.take({ ...ACK, bin_ms: 10 });
  assert.equal(store.part("a/t").known, false);
  const cols = { 0: { ts: [0], value: [3], min: [1], max: [3], mean: [2] } };
  store.take({ t: "snap", part: 1, of: 1, mode: "full", cols });
  store.take({ t: "upd", d: { 0: [[10, 7, 5, 7, 2, 6]] } });
  assert.deepEqual(store.part("a/t").columns.mean, [2, 6]);
  assert.equal(store.part("a/t").known, true);
});
