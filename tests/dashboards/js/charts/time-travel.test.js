// Moments: what somebody writes, in the zone of the page, and where the slider stands.

import assert from "node:assert/strict";
import test from "node:test";

import { momentAt } from "../../../../dashboards/static/dashboards/js/charts/time-travel.js";
import { dayBefore, momentOf } from "../../../../dashboards/static/dashboards/js/charts/moments.js";
import { setZone } from "../../../../dashboards/static/dashboards/js/display/format.js";
import { PastValues } from "../../../../dashboards/static/dashboards/js/display/past-values.js";

test("a moment is read in the zone that the page shows", () => {
  for (const [zone, text, utc] of /** @type {[string, string, number][]} */ ([
    ["UTC", "2026-11-29T13:05", Date.UTC(2026, 10, 29, 13, 5)],
    ["Europe/Berlin", "2026-11-29T13:05:30", Date.UTC(2026, 10, 29, 12, 5, 30)],
    ["Europe/Berlin", "2026-07-01T00:00", Date.UTC(2026, 5, 30, 22)],
    // The hours around a change of the clocks.
    ["Europe/Berlin", "2026-03-29T01:59", Date.UTC(2026, 2, 29, 0, 59)],
    ["Europe/Berlin", "2026-03-29T03:01", Date.UTC(2026, 2, 29, 1, 1)],
    ["Asia/Kolkata", "2026-01-01T00:00", Date.UTC(2025, 11, 31, 18, 30)],
  ])) {
    setZone(zone);
    assert.equal(momentOf(text), utc, `${zone} ${text}`);
  }
  setZone(undefined);
  assert.ok(Number.isNaN(momentOf("")));
});

test("the slider goes from long ago to now", () => {
  assert.equal(momentAt(1, 1_000, 600), 1_000);
  assert.equal(momentAt(0, 1_000, 600), 400);
  assert.equal(momentAt(0.5, 1_000, 600), 700);
});

test("values of the past have the shape of newest ones, in the unit that is shown", () => {
  let told = 0;
  const past = new PastValues(() => (told += 1));
  past.take(/** @type {any} */ ([
    { key: "a/t", ts: 5, value: 20, unit: "°C", kind: "number", shown: { unit: "°F", scale: 1.8, offset: 32 } },
    { key: "a/on", ts: 6, value: true, unit: "", kind: "boolean" },
  ]), { a: { state: "offline" } });
  assert.equal(told, 1);
  assert.equal(past.states.a.state, "offline");
  assert.deepEqual([past.columns.get("a/t")?.ts, past.columns.get("a/t")?.value], [[5], [68]]);
  assert.equal(past.infoOf("a/t")?.unit, "°F");
  assert.deepEqual(past.columns.get("a/on")?.value, [true]);
  assert.equal(past.columns.get("a/none"), undefined);
  past.at = 7;
  past.show([], null);
  assert.deepEqual([past.at, past.columns.size, told], [null, 0, 2]);
});

test("yesterday is a whole day of the page's calendar", () => {
  for (const [zone, now, from, to] of /** @type {[string, number, number, number][]} */ ([
    ["UTC", Date.UTC(2026, 10, 29, 13), Date.UTC(2026, 10, 28), Date.UTC(2026, 10, 29)],
    ["Asia/Kolkata", Date.UTC(2026, 0, 1, 0), Date.UTC(2025, 11, 30, 18, 30), Date.UTC(2025, 11, 31, 18, 30)],
    // The clocks are changed yesterday: 23 hours, and 25.
    ["Europe/Berlin", Date.UTC(2026, 2, 30, 12), Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 22)],
    ["Europe/Berlin", Date.UTC(2026, 9, 26, 12), Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23)],
  ])) {
    setZone(zone);
    assert.deepEqual(dayBefore(now), [from, to], zone);
  }
  setZone(undefined);
});
