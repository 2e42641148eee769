import assert from "node:assert/strict";
import test from "node:test";
import { newestNotes } from "../../../../dashboards/static/dashboards/js/widgets/logbook.js";
import { wayOf } from "../../../../dashboards/static/dashboards/js/widgets/map.js";
import { inside } from "../../../../dashboards/static/dashboards/js/widgets/plan.js";
import { nextPage } from "../../../../dashboards/static/dashboards/js/pages/shared.js";

test("the way of a device is where both of its coordinates are known", () => {
  const lat = { ts: [1, 2, 3, 4], value: [48, 48.1, null, 91] };
  const lon = { ts: [2, 4], value: [11, 12] };
  assert.deepEqual(wayOf(lat, lon), [[48.1, 11]]);
  assert.deepEqual(wayOf({ ts: [5], value: [1] }, lon), [[1, 12]]);
  assert.deepEqual(wayOf({ ts: [], value: [] }, lon), []);
  assert.deepEqual(wayOf(lat, { ts: [], value: [] }), []);
});

test("a pin stays on its plan", () => {
  assert.deepEqual([-1, 0.123456, 2].map(inside), [0, 0.1235, 1]);
});

test("the newest notes are shown, and none that was taken away", () => {
  const note = (/** @type {number} */ id, /** @type {number} */ at, deleted_by = "") => /** @type {any} */ ({ id, at, deleted_by });
  const notes = [note(1, 10), note(2, 30), note(3, 20, "anna"), note(4, 30)];
  assert.deepEqual(newestNotes(notes, 2).map(({ id }) => id), [4, 2]);
});

test("boards in turn keep what the address says besides", () => {
  assert.equal(nextPage("https://plant.example/shared/x/?range=7d&turn=0", "1").search, "?range=7d&turn=1");
});
