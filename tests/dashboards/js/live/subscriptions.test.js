import assert from "node:assert/strict";
import test from "node:test";
import { Subscriptions } from "../../../../dashboards/static/dashboards/js/live/subscriptions.js";

const SUB = { keys: ["a/t"] };

test("whoever comes back goes on after what was shown", () => {
  const subscriptions = new Subscriptions();
  const sub = subscriptions.add(SUB, () => {});
  assert.deepEqual(subscriptions.wanted(), [{ ...SUB, t: "sub", id: 1 }]);
  subscriptions.deliver({ t: "upd", id: sub.id, cursor: "c1", d: {} });
  assert.deepEqual(subscriptions.wanted(), [{ ...SUB, t: "sub", id: 1, after: "c1" }]);
});

test("a snapshot that is cut off between its parts was not shown", () => {
  const subscriptions = new Subscriptions();
  const { id } = subscriptions.add(SUB, () => {});
  subscriptions.deliver({ t: "snap", id, cursor: "c1", part: 1, of: 2 });
  assert.equal(subscriptions.wanted()[0].after, undefined);
  subscriptions.deliver({ t: "snap", id, cursor: "c1", part: 2, of: 2 });
  assert.equal(subscriptions.wanted()[0].after, "c1");
});

test("a frame that its handler could not take moves nothing", () => {
  const subscriptions = new Subscriptions();
  const fail = () => {
    throw new Error("no");
  };
  const { id } = subscriptions.add(SUB, fail);
  assert.throws(() => subscriptions.deliver({ t: "upd", id, cursor: "c1" }));
  assert.equal(subscriptions.wanted()[0].after, undefined);
});

test("frames of what was given up go nowhere", () => {
  const subscriptions = new Subscriptions();
  const { id } = subscriptions.add(SUB, () => assert.fail("delivered"));
  assert.equal(subscriptions.remove(id), true);
  subscriptions.deliver({ t: "upd", id, cursor: "c1" });
  assert.deepEqual(subscriptions.wanted(), []);
});
