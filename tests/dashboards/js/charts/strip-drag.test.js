import assert from "node:assert/strict";
import { test } from "node:test";
import { centred, pulled } from "../../../../dashboards/static/dashboards/js/charts/strip-drag.js";

/** @param {number[]} found @param {number[]} wanted */
const near = (found, wanted) => wanted.forEach((one, i) => assert.ok(Math.abs(found[i] - one) < 1e-9, `${found} is not ${wanted}`));

test("a window that is held by its middle moves and keeps its length", () => {
  near(pulled([0.2, 0.4], "both", 0.1), [0.3, 0.5]);
});

test("it stays inside the strip", () => {
  near(pulled([0.2, 0.4], "both", 5), [0.8, 1]);
  near(pulled([0.2, 0.4], "both", -5), [0, 0.2]);
});

test("an end that is held moves alone", () => {
  near(pulled([0.2, 0.4], "left", -0.1), [0.1, 0.4]);
  near(pulled([0.2, 0.4], "right", 0.1), [0.2, 0.5]);
});

test("an end never passes the other one", () => {
  for (const held of /** @type {("left"|"right")[]} */ (["left", "right"])) {
    const [left, right] = pulled([0.2, 0.4], held, held === "left" ? 1 : -1);
    assert.ok(left < right);
    assert.ok(left >= 0 && right <= 1);
  }
});

test("a press beside the window brings it there", () => {
  near(centred([0.2, 0.4], 0.7), [0.6, 0.8]);
  near(centred([0.2, 0.4], 0.99), [0.8, 1]);
});
