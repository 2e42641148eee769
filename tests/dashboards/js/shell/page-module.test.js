// A page gets its module, however often the server is away meanwhile.

import assert from "node:assert/strict";
import test from "node:test";

import { loaded } from "../../../../dashboards/static/dashboards/js/shell/page-module.js";

/** A page whose time goes by as it waits. */
function page() {
  const made = {
    now: 0,
    reloads: 0,
    wait: async (/** @type {number} */ ms) => void (made.now += ms),
    age: () => made.now,
    reload: () => void (made.reloads += 1),
  };
  return made;
}

/** @param {number} times that it fails first */
function failing(times) {
  let left = times;
  return async () => {
    if (left-- > 0) throw new TypeError("Failed to fetch dynamically imported module");
    return "module";
  };
}

test("a module is asked for until it comes", async () => {
  const at = page();
  assert.equal(await loaded(failing(30), () => false, at), "module");
  assert.deepEqual([at.now, at.reloads], [30_000, 0]);
});

test("a page whose server answers without its module is loaded anew, and not at once", async () => {
  const at = page();
  assert.equal(await loaded(failing(10), () => true, at), "module");
  assert.equal(at.reloads, 0);
  assert.equal(await loaded(failing(1), () => true, at), "module");
  assert.equal(at.reloads, 1);
});
