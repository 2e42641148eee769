import assert from "node:assert/strict";
import test from "node:test";
import { now, readingNow, setServerTime } from "../../../../dashboards/static/dashboards/js/display/server-clock.js";

test("readings are looked for up to the clocks of the devices, ages are by the server's", () => {
  const server = Date.now() - 60_000;
  setServerTime(server, 3_600_000);
  assert.ok(Math.abs(now() - server) < 1_000);
  assert.ok(Math.abs(readingNow() - server - 3_600_000) < 1_000);
  setServerTime(server);
  assert.ok(Math.abs(readingNow() - now() - 3_600_000) < 1_000, "a frame that does not tell changes nothing");
  setServerTime(server, 0);
  assert.ok(Math.abs(readingNow() - now()) < 1_000);
});
