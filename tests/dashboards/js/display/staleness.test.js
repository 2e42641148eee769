import assert from "node:assert/strict";
import test from "node:test";
import { qualityOf } from "../../../../dashboards/static/dashboards/js/display/staleness.js";

test("a value is stale after its own silence, by the server's clock", () => {
  assert.equal(qualityOf(0, 10_800_000, 3_000_000, true), "");
  assert.equal(qualityOf(0, 10_800_000, 10_800_001, true), "stale");
});

test("what has no cadence is never stale by itself", () => {
  assert.equal(qualityOf(0, 0, 1e12, true), "");
});

test("without a link nothing is fresh", () => {
  assert.equal(qualityOf(5, 1_000, 6, false), "not live");
});
