// What a rule would have raised, as a picture: its line and its limits.

import assert from "node:assert/strict";
import test from "node:test";

import { pathOf, rounded } from "../../../../dashboards/static/dashboards/js/charts/tried-chart.js";

test("a limit that is dragged has no digits that nobody sees", () => {
  assert.equal(rounded(54.123456, 0.2), 54.1);
  assert.equal(rounded(54.123456, 0.01), 54.12);
  assert.equal(rounded(1234.5, 20), 1235);
  assert.equal(rounded(-0.00123456, 0.0001), -0.0012);
});

test("the line lies within its frame, and breaks where there is no number", () => {
  assert.equal(pathOf([[0, 0], [50, 10], [100, 5]], 0, 100, 0, 10), "M0.0 180.0L300.0 0.0L600.0 90.0");
  assert.equal(pathOf([[0, 0], [50, null], [100, 10]], 0, 100, 0, 10), "M0.0 180.0M600.0 0.0");
  assert.equal(pathOf([[0, 5], [100, 5]], 0, 100, 5, 5), "M0.0 180.0L600.0 180.0");
});
