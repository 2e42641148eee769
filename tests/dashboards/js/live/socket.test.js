import assert from "node:assert/strict";
import test from "node:test";
import * as timers from "../timers.js";

/** @type {any[]} */
const opened = [];
/** A socket that the test plays the server of. */
class FakeSocket {
  static OPEN = 1;

  constructor() {
    this.readyState = 0;
    /** @type {any[]} */
    this.sent = [];
    opened.push(this);
  }

  send(/** @type {string} */ text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** @param {any} frame */
  receive(frame) {
    this.readyState = 1;
    /** @type {any} */ (this).onmessage({ data: JSON.stringify(frame) });
  }

  /** @param {number} code */
  end(code) {
    /** @type {any} */ (this).onclose({ code });
  }
}

const HELLO = { t: "hello", v: 1, now: 0, heartbeat_ms: 5_000, window: 8, build: "1" };
const page = { hidden: false, addEventListener() {}, removeEventListener() {}, querySelector: () => null };
Object.assign(globalThis, { WebSocket: FakeSocket, document: page, addEventListener() {}, removeEventListener() {} });
Object.assign(globalThis, { requestAnimationFrame: (/** @type {() => void} */ work) => setTimeout(work, 16) });
timers.enable();
const { LiveSocket } = await import("../../../../dashboards/static/dashboards/js/live/socket.js");

/** @returns {{ socket: any, server: () => any, states: string[] }} */
function connected() {
  opened.length = 0;
  /** @type {string[]} */
  const states = [];
  const socket = new LiveSocket("ws://x/", (link) => states.push(link.state));
  socket.connect();
  return { socket, server: () => opened.at(-1), states };
}

test("whoever comes back goes on after the last cursor, and acknowledges what it drew", () => {
  const { socket, server } = connected();
  socket.subscribe({ keys: ["a/t"] }, () => {});
  server().receive(HELLO);
  assert.deepEqual(server().sent, [{ keys: ["a/t"], t: "sub", id: 1 }]);
  server().receive({ t: "upd", id: 1, seq: 3, cursor: "c3", d: {} });
  timers.tick(20);
  assert.deepEqual(server().sent.at(-1), { t: "rx", seq: 3 });
  server().end(1006);
  timers.tick(600);
  server().receive(HELLO);
  assert.equal(opened.length, 2);
  assert.equal(server().sent[0].after, "c3");
  socket.disconnect();
});

test("a link that says nothing is asked, then given up", () => {
  const { socket, server, states } = connected();
  server().receive(HELLO);
  timers.tick(13_000);
  assert.deepEqual(server().sent.at(-1), { t: "ping" });
  timers.tick(3_000);
  assert.equal(states.at(-1), "waiting");
  timers.tick(1_000);
  assert.equal(opened.length, 2);
  socket.disconnect();
});

test("a socket that does not open is given up", () => {
  const { socket } = connected();
  timers.tick(12_000);
  timers.tick(1_000);
  assert.equal(opened.length, 2);
  assert.equal(opened[0].readyState, 3);
  socket.disconnect();
});

test("a server that restarts says when to come back", () => {
  const { socket, server } = connected();
  server().receive(HELLO);
  server().receive({ t: "bye", code: "restart", retry_ms: 2_000 });
  server().end(4012);
  timers.tick(1_900);
  assert.equal(opened.length, 1);
  timers.tick(3_200);
  assert.equal(opened.length, 2);
  socket.disconnect();
});

test("whoever is logged out stays away", () => {
  const { socket, server, states } = connected();
  server().receive(HELLO);
  server().receive({ t: "bye", code: "auth", retry_ms: 2_000 });
  timers.tick(60_000);
  assert.equal(states.at(-1), "denied");
  assert.equal(opened.length, 1);
  socket.disconnect();
});
