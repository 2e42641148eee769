import assert from "node:assert/strict";
import test from "node:test";
import { decimalsFor, formatAge, formatTime, formatValue, localised, signsOf } from "../../../../dashboards/static/dashboards/js/display/format.js";

// tests/dashboards/presentation/test_formats.py has the same table for the server's words.
const VALUES = [
  [null, "–"], [true, "on"], [false, "off"], ["open", "open"], [0, "0"], [-0, "0"], [21.5, "21.5"],
  [1234567, "1,234,567"], [0.00476416302, "0.00476416302"], [1e-9, "1e-9"], [5.5e20, "5.5e20"],
  [-123.456789, "-123.456789"], [1e15, "1e15"], [99999.99, "99,999.99"],
  [12345.678, "12,345.678"], [12345.688, "12,345.688"], [0.1 + 0.2, "0.3"], [21.260000228881836, "21.26"],
  [0.10000000149011612, "0.1"], [1.1754943508222875e-38, "1.1754944e-38"], [1e300, "1e300"], [65536.015625, "65,536.015625"], [123456.0625, "123,456.0625"],
];

test("values read as on the server", () => {
  for (const [value, words] of VALUES) assert.equal(formatValue(/** @type {any} */ (value)), words);
});

test("ages grow from seconds to days", () => {
  assert.deepEqual([0, 99, 100, 6000, 172800].map(formatAge), ["0 s ago", "99 s ago", "1 min ago", "1 h ago", "2 d ago"]);
  assert.equal(formatAge(-5), "0 s ago");
});

test("times show milliseconds only where there are some", () => {
  assert.match(formatTime(1763681624123), /:\d\d\.123$/);
  assert.match(formatTime(1763681624000), /:\d\d$/);
});

test("numbers are written as the page's language does", () => {
  const german = signsOf("de");
  assert.equal(localised("21.5", german), "21,5");
  assert.equal(localised("1234", german), "1234");
  assert.equal(localised("-1234567.891", german), "-1.234.567,891");
  assert.equal(localised("1e-9", german), "1e-9");
  assert.equal(localised("12345", signsOf("en")), "12,345");
  assert.equal(formatValue(1.5, 400), "1.500000000000");
});

test("a value has the decimals of its series", () => {
  // tests/devices/monitoring/test_scales.py has the same table.
  const values = /** @type {[number, number|undefined, number|undefined][]} */ ([
    [17, 1, 1], [17.125, 1, 3], [46.0399871, 1, 1], [5, undefined, undefined], [1e-9, 2, undefined], [1e20, 2, undefined], [0, 2, 2],
  ]);
  for (const [value, places, decimals] of values) assert.equal(decimalsFor(value, { places }), decimals);
  assert.equal(decimalsFor(17.125, { places: 1, decimals: 0 }), 0);
  assert.equal(decimalsFor("open", { places: 1 }), undefined);
});

test("what was computed beyond a double is no error", () => {
  assert.deepEqual([Infinity, -Infinity, NaN].map((value) => formatValue(value)), ["∞", "-∞", ""]);
  assert.equal(formatValue(Infinity, 2), "∞");
});
