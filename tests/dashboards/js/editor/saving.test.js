// A draft goes up as it is here, and comes down as others made it.

import assert from "node:assert/strict";
import test from "node:test";

import { Refused } from "../../../../dashboards/static/dashboards/js/editor/server.js";
import { Saving } from "../../../../dashboards/static/dashboards/js/editor/saving.js";

/** A server that merges names, as the real one merges widgets. @param {Record<string, any>} stored */
function server(stored) {
  return {
    stored,
    number: 1,
    by: "me",
    /** @type {any[]} */
    saved: [],
    /** @type {(() => void)|null} */
    meanwhile: null,
    /** @type {Error|null} */
    error: null,
    async draft() {
      return { number: this.number, by: this.by, specification: this.stored };
    },
    /** @param {any} base @param {any} wanted @param {string} prefer */
    async save(base, wanted, prefer) {
      if (this.error) throw this.error;
      this.meanwhile?.();
      this.saved.push({ base, wanted, prefer });
      const changed = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => base[name] !== value));
      this.stored = { ...this.stored, ...changed };
      this.number += 1;
      return this.draft();
    },
  };
}

/** @param {any} at */
function saving(at) {
  /** @type {string[]} */
  const told = [];
  const made = new Saving(at, at.number, at.stored, {
    saved: () => told.push("saved"),
    waits: () => told.push("waits"),
    away: () => told.push("away"),
    refused: (words) => told.push(`refused ${words}`),
    theirs: (specification, by) => told.push(`theirs ${JSON.stringify(specification)} ${by}`),
    conflict: (names) => told.push(`conflict ${names}`),
  });
  return { made, told };
}

test("what changed here goes up once", async () => {
  const at = server({ a: 1 });
  const { made, told } = saving(at);
  made.change({ a: 2 });
  assert.equal(made.isSaved, false);
  assert.equal(await made.save(), true);
  assert.equal(await made.save(), true);
  assert.deepEqual(at.saved, [{ base: { a: 1 }, wanted: { a: 2 }, prefer: "" }]);
  assert.deepEqual(told, ["waits", "saved", "saved"]);
});

test("the order of names is no change", async () => {
  const at = server({ a: 1, b: { c: 1, d: 2 } });
  const { made } = saving(at);
  made.change({ b: { d: 2, c: 1 }, a: 1 });
  assert.equal(made.isSaved, true);
});

test("what others did meanwhile comes down with it", async () => {
  const at = server({ a: 1 });
  const { made, told } = saving(at);
  made.change({ a: 2 });
  at.meanwhile = () => (at.stored = { ...at.stored, b: 7 });
  await made.save();
  assert.deepEqual(made.here, { a: 2, b: 7 });
  assert.deepEqual(told, ["waits", 'theirs {"a":2,"b":7} me', "saved"]);
});

test("what changes here while an answer is on its way is sent on its own base", async () => {
  const at = server({ a: 1 });
  const { made } = saving(at);
  made.change({ a: 2 });
  at.meanwhile = () => {
    at.meanwhile = null;
    at.stored = { ...at.stored, b: 7 };
    made.change({ a: 3 });
  };
  await made.save();
  assert.deepEqual(at.saved[1], { base: { a: 2 }, wanted: { a: 3 }, prefer: "" });
  assert.deepEqual(made.here, { a: 3, b: 7 });
});

test("a server that is away is told, and tried again", async () => {
  const at = server({ a: 1 });
  const { made, told } = saving(at);
  made.change({ a: 2 });
  at.error = new TypeError("Failed to fetch");
  assert.equal(await made.save(), false);
  assert.equal(made.isSaved, false);
  at.error = null;
  await made.look();
  assert.equal(made.isSaved, true);
  assert.deepEqual(told, ["waits", "away", "saved"]);
});

test("what the server refuses is told in its words", async () => {
  const at = server({ a: 1 });
  const { made, told } = saving(at);
  made.change({ a: 2 });
  at.error = new Refused(422, { detail: "a: too small" });
  await made.save();
  assert.deepEqual(told, ["waits", "refused a: too small"]);
});

test("somebody says who wins", async () => {
  for (const who of /** @type {const} */ (["mine", "theirs"])) {
    const at = server({ a: 5 });
    const { made, told } = saving(at);
    made.base = { a: 1 };
    made.change({ a: 2 });
    const draft = await at.draft();
    at.error = new Refused(409, { names: ["a"], draft });
    await made.save();
    // Nothing goes up, or comes down, before.
    await made.look();
    assert.deepEqual(told, ["waits", "conflict a"]);
    at.error = null;
    await made.decide(who, draft);
    assert.deepEqual(made.here, who === "mine" ? { a: 2 } : { a: 5 });
    assert.equal(at.saved.length, who === "mine" ? 1 : 0);
    assert.equal(at.saved[0]?.prefer ?? "mine", "mine");
  }
});

test("what others did is seen while nothing is done here", async () => {
  const at = server({ a: 1 });
  const { made, told } = saving(at);
  Object.assign(at, { stored: { a: 9 }, number: 4, by: "ben" });
  await made.look();
  await made.look();
  assert.deepEqual(told, ['theirs {"a":9} ben']);
});
