// How it is installed, or why not, in words.

import assert from "node:assert/strict";
import test from "node:test";

import { installWords } from "../../../../dashboards/static/dashboards/js/shell/installing.js";

test("each case has words of its own", () => {
  const cases = [
    { isSecure: true, isInstalled: true, canPrompt: false },
    { isSecure: false, isInstalled: false, canPrompt: false },
    { isSecure: true, isInstalled: false, canPrompt: true },
    { isSecure: true, isInstalled: false, canPrompt: false },
  ];
  const words = cases.map(installWords);
  assert.equal(new Set(words).size, 4);
  assert.match(words[1], /HTTPS/);
});
