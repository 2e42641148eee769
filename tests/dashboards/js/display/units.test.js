import assert from "node:assert/strict";
import test from "node:test";
import { changeOf, convertColumns, converted, howShown } from "../../../../dashboards/static/dashboards/js/display/units.js";
import { Store } from "../../../../dashboards/static/dashboards/js/live/store.js";

const FAHRENHEIT = { unit: "°F", scale: 1.8, offset: 32 };
const KELVIN = { unit: "K", scale: 1, offset: 273.15 };
const CELSIUS = { key: "a/t", unit: "°C", kind: "number" };

test("a person's unit, and one for everybody, are shown one after the other", () => {
  assert.equal(howShown(CELSIUS, {}), null);
  assert.deepEqual(howShown(CELSIUS, { "°C": FAHRENHEIT }), FAHRENHEIT);
  assert.deepEqual(howShown({ ...CELSIUS, shown: KELVIN }, {}), KELVIN);
  const both = howShown({ ...CELSIUS, unit: "K", shown: { unit: "°C", scale: 1, offset: -273 } }, { "°C": FAHRENHEIT });
  assert.equal(both?.unit, "°F");
  assert.equal(converted(273, both), 32);
});

test("states and texts are in no unit", () => {
  assert.equal(howShown({ ...CELSIUS, kind: "boolean" }, { "°C": FAHRENHEIT }), null);
  assert.equal(converted("open", FAHRENHEIT), "open");
  assert.equal(converted(null, FAHRENHEIT), null);
  assert.equal(converted(true, FAHRENHEIT), true);
});

test("a value is as exact in the other unit as it was", () => {
  assert.equal(converted(21.5, FAHRENHEIT), 70.7);
  assert.equal(converted(21, FAHRENHEIT), 70);
  assert.equal(converted(1013.2, { unit: "bar", scale: 0.001, offset: 0 }), 1.0132);
  assert.equal(converted(1.013, { unit: "psi", scale: 14.5037737730, offset: 0 }), 14.69);
  assert.equal(converted(1e-7, { unit: "mV", scale: 1000, offset: 0 }), 1e-7 * 1000);
});

test("all columns of numbers are converted, and times are not", () => {
  const columns = { ts: [1, 2], value: [0, null], min: [-10, null], max: [10, null], mean: [5, null] };
  assert.deepEqual(convertColumns(columns, FAHRENHEIT), { ts: [1, 2], value: [32, null], min: [14, null], max: [50, null], mean: [41, null] });
});

test("what comes is kept in the unit that is shown, and so is what was there when that changes", () => {
  const store = new Store(() => {});
  const ack = { t: "ack", series: { 0: { ...CELSIUS, shown: FAHRENHEIT } }, bin_ms: 0, denied: [] };
  store.take(ack);
  store.take({ t: "snap", mode: "full", part: 1, of: 1, cols: { 0: { ts: [1], value: [10] } } });
  store.take({ t: "upd", d: { 0: [[2, 20]] } });
  assert.deepEqual(store.columns.get("a/t")?.value, [50, 68]);
  assert.equal(store.infoOf("a/t")?.unit, "°F");
  store.take({ ...ack, series: { 0: CELSIUS } });
  assert.deepEqual(store.columns.get("a/t")?.value, [10, 20]);
  assert.equal(store.infoOf("a/t")?.unit, "°C");
  assert.equal(changeOf(null, null), null);
});
