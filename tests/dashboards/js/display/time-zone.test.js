import assert from "node:assert/strict";
import test from "node:test";
import { formatTime, isZone, setZone, zoneName } from "../../../../dashboards/static/dashboards/js/display/format.js";
import { zoneFor } from "../../../../dashboards/static/dashboards/js/display/time-zone.js";

test("times are told in the zone that was chosen, in the nights when clocks change, too", () => {
  setZone("Europe/Berlin");
  const spring = [Date.UTC(2026, 2, 29, 0, 59, 59), Date.UTC(2026, 2, 29, 1)];
  assert.deepEqual(spring.map(formatTime), ["2026-03-29 01:59:59", "2026-03-29 03:00:00"]);
  const autumn = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)];
  assert.deepEqual(autumn.map(formatTime), ["2026-10-25 02:30:00", "2026-10-25 02:30:00"]);
  assert.equal(zoneName(), "Europe/Berlin");
  setZone("Asia/Kathmandu");
  assert.equal(formatTime(Date.UTC(2026, 0, 1, 0, 0, 0, 5)), "2026-01-01 05:45:00.005");
  setZone(undefined);
});

test("the address wins, then what was chosen before; what is no zone is passed over", () => {
  assert.equal(zoneFor("?zone=Europe/Berlin", "UTC"), "Europe/Berlin");
  assert.equal(zoneFor("?zone=Mars/Olympus", "UTC"), "UTC");
  assert.equal(zoneFor("", null), null);
  assert.equal(isZone("Mars/Olympus"), false);
});
