// Notes and people, in words.

import assert from "node:assert/strict";
import test from "node:test";

import { changeWords, hereWords } from "../../../../dashboards/static/dashboards/js/logbook/notes.js";
import { partsOf, spanUrl } from "../../../../dashboards/static/dashboards/js/logbook/note-view.js";
import { Subscriptions } from "../../../../dashboards/static/dashboards/js/live/subscriptions.js";

const person = (/** @type {string} */ name, idle = false) => ({ name, since: 1, idle });

test("who is here, and who is away, is told", () => {
  assert.equal(hereWords([person("anna"), person("ben", true)]), "anna, ben (away)");
});

test("who came and went is told once", () => {
  assert.equal(changeWords([person("anna")], [person("ben"), person("zoe")]), "ben, zoe joined; anna left");
  assert.equal(changeWords([person("anna")], [person("anna", true)]), "");
});

test("names stand out, and nothing else does", () => {
  assert.deepEqual(partsOf("Ask @ben."), [
    { words: "Ask ", isName: false },
    { words: "@ben.", isName: true },
  ]);
  assert.deepEqual(partsOf("a@b.c <b>"), [{ words: "a@b.c <b>", isName: false }]);
  assert.deepEqual(partsOf(""), []);
});

test("a span is seen with what is around it", () => {
  const note = /** @type {any} */ ({ url: "/devices/press/", from: 1_000_000, to: 2_000_000, metric: "oil/temp" });
  assert.equal(spanUrl(note), "/devices/press/?from=750000&to=2250000#metric-oil%2Ftemp");
  assert.equal(spanUrl({ ...note, to: 1_000_000, metric: "" }), "/devices/press/?from=940000&to=1060000");
});

test("a room goes on after the newest note it was told of", () => {
  const known = new Subscriptions();
  const { id } = known.add({ kind: "room", device: "press" }, () => {});
  known.deliver({ t: "upd", id, notes: [{ seq: 7 }, { seq: 3 }] });
  known.deliver({ t: "upd", id, notes: [] });
  assert.deepEqual(known.wanted(), [{ kind: "room", device: "press", t: "sub", id, note: 7 }]);
});
