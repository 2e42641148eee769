import assert from "node:assert/strict";
import test from "node:test";
import { blindSince, linkWords } from "../../../../dashboards/static/dashboards/js/display/connection-status.js";

/** @param {any} state @param {string} [ingest] */
const words = (state, ingest = "up") => linkWords({ state, since: 0, ingest: { state: ingest }, problem: "" }, 12_000);

test("only a live link with ingest up is called live", () => {
  assert.deepEqual(words("live"), { live: true, words: "Live" });
  for (const state of ["connecting", "waiting", "denied"]) assert.equal(words(state).live, false);
  for (const ingest of ["down", "stopped"]) assert.equal(words("live", ingest).live, false);
});

test("a lost link says since when", () => {
  assert.match(words("waiting").words, /^Not live: the connection was lost 12 s ago/);
});

test("a network without live connections is told so, and what the server said", () => {
  assert.match(words("polling").words, /every 5 s/);
  const link = { state: /** @type {const} */ ("waiting"), since: 0, ingest: null, problem: "you have 9 open pages" };
  assert.match(linkWords(link, 0).words, /^Not live: you have 9 open pages/);
});

test("the pipeline's trouble is told in words", () => {
  assert.match(words("live", "stopped").words, /no ingest worker is running/);
  assert.match(words("live", "down").words, /broker or the database/);
});

test("nothing is known while the link is lost or ingest is not up, and since when", () => {
  const ingest = (/** @type {string} */ state) => ({ state, since: 7_000 });
  const blind = (/** @type {any} */ state, /** @type {any} */ told) => blindSince({ state, since: 5_000, ingest: told, problem: "" });
  assert.equal(blind("connecting", null), 0);
  assert.equal(blind("live", ingest("up")), 0);
  assert.equal(blind("live", ingest("unknown")), 0);
  assert.equal(blind("polling", ingest("up")), 0);
  assert.equal(blind("live", ingest("down")), 7_000);
  assert.equal(blind("polling", ingest("stopped")), 7_000);
  assert.equal(blind("waiting", ingest("up")), 5_000);
  assert.equal(blind("denied", null), 5_000);
  assert.equal(blind("live", { state: "stopped", since: null }), 5_000);
});

test("the pipeline's trouble is told with its beginning", () => {
  const link = { state: /** @type {const} */ ("live"), since: 0, ingest: { state: "down", since: Date.UTC(2026, 0, 2, 3, 4, 5) }, problem: "" };
  assert.match(linkWords(link, 0).words, /Since 2026-01-0\d \d\d:\d\d:05\.$/);
});
