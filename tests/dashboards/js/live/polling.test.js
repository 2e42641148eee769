import assert from "node:assert/strict";
import test from "node:test";
import * as timers from "../timers.js";
import { Poller } from "../../../../dashboards/static/dashboards/js/live/polling.js";

test("however often somebody asks, one poll is under way", async () => {
  timers.enable();
  /** @type {((answer: any) => void)[]} */
  const answers = [];
  let most = 0;
  Object.assign(globalThis, {
    document: { querySelector: () => null },
    fetch: () => new Promise((done) => { answers.push(done); most = Math.max(most, answers.length); }),
  });
  const settle = async () => {
    answers.shift()?.({ ok: true, json: async () => ({ frames: [] }) });
    await new Promise((done) => setImmediate(done));
  };
  const poller = new Poller(() => [], () => {}, () => {});
  poller.start();
  for (let n = 0; n < 3; n += 1) poller.poll();
  await settle();
  timers.tick(0);
  assert.equal(answers.length, 1, "asked again once, for what was wanted meanwhile");
  await settle();
  timers.tick(4_999);
  assert.equal(answers.length, 0);
  timers.tick(1);
  assert.equal(answers.length, 1);
  poller.stop();
  await settle();
  timers.tick(60_000);
  assert.equal(answers.length, 0);
  assert.equal(most, 1);
  timers.reset();
});
