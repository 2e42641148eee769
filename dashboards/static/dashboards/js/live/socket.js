// The live socket: stays connected, re-subscribes, acknowledges what was drawn.
// Protocol: docs/reference/frames.md

import { grant } from "./asking.js";
import { setServerTime } from "../display/server-clock.js";
import { reconnectDelay, restartDelay } from "./backoff.js";
import { paint } from "../display/animation-frame.js";
import { Poller } from "./polling.js";
import { Silence } from "./liveness.js";
import { Subscriptions } from "./subscriptions.js";
import { onWakeUp } from "./page-lifecycle.js";

/**
 * @typedef {Record<string, any>} Frame
 * @typedef {{ state: "connecting"|"live"|"polling"|"waiting"|"denied", since: number, ingest: Frame|null, problem: string }} Link
 */

const PROTOCOL = "iotbridge.v1.json";
// So often a socket may be refused before the page asks by HTTP.
const REFUSALS = 3;

/**
 * The socket that the page has opened already (early.js), once, with what came over it.
 * @param {string} url @returns {{ socket: WebSocket, messages: MessageEvent[] }|null}
 */
function opened(url) {
  const page = /** @type {any} */ (globalThis);
  const early = page.iotbridgeSocket;
  page.iotbridgeSocket = null;
  return early?.socket.url === url ? early : null;
}

export class LiveSocket {
  /**
   * @param {string} url
   * @param {(link: Link) => void} onLink called on every change of the link or the pipeline
   */
  constructor(url, onLink) {
    this.url = url;
    this.onLink = onLink;
    /** @type {Link} */
    this.link = { state: "connecting", since: Date.now(), ingest: null, problem: "" };
    /** The server said when to come back, in ms; 0: it did not. */
    this.retryMs = 0;
    this.subscriptions = new Subscriptions();
    /** @type {WebSocket|null} */
    this.socket = null;
    this.attempt = 0;
    this.refusals = 0;
    this.poller = new Poller(() => this.subscriptions.wanted(), (frames) => this.polled(frames), (status) => this.unpolled(status));
    /** The server's release. */
    this.build = "";
    this.silence = new Silence();
    this.seq = 0;
    this.acknowledged = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.acknowledge = this.acknowledge.bind(this);
    this.stopListening = () => {};
  }

  connect() {
    this.stopListening = onWakeUp(() => this.wake());
    this.watchdog = setInterval(() => this.watch(), 1_000);
    this.open();
  }

  disconnect() {
    this.stopListening();
    clearInterval(this.watchdog);
    clearTimeout(this.timer);
    this.poller.stop();
    this.drop();
  }

  /**
   * @param {Frame} frame a `sub` frame without id
   * @param {(frame: Frame) => void} handler takes ack, snap, upd, gap and err of it
   * @returns {number} the subscription's id
   */
  subscribe(frame, handler) {
    const sub = this.subscriptions.add(frame, handler);
    if (this.link.state === "live") this.send(sub);
    else if (this.poller.running) this.poller.poll();
    return sub.id;
  }

  /** @param {number} id */
  unsubscribe(id) {
    if (this.subscriptions.remove(id)) this.send({ t: "unsub", id });
  }

  /** @param {Frame} frame */
  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  open() {
    clearTimeout(this.timer);
    this.drop();
    const early = opened(this.url);
    const socket = early?.socket ?? new WebSocket(this.url, PROTOCOL);
    this.socket = socket;
    this.silence.end();
    this.seq = this.acknowledged = 0;
    const shown = grant();
    if (shown) socket.onopen = () => socket.send(JSON.stringify({ t: "auth", token: shown }));
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => this.lost(event.code);
    for (const event of early?.messages ?? []) this.take(JSON.parse(event.data));
    if (early && socket.readyState === WebSocket.CLOSED) this.lost(0);
  }

  drop() {
    if (!this.socket) return;
    this.socket.onmessage = this.socket.onclose = this.socket.onopen = null;
    this.socket.close();
    this.socket = null;
  }

  /** @param {number} code */
  lost(code) {
    this.socket = null;
    if (code === 4401) return this.change("denied");
    this.refusals += 1;
    if (this.link.state !== "polling") this.change("waiting");
    if (this.refusals >= REFUSALS) this.poller.start();
    const delay = this.retryMs ? restartDelay(this.retryMs) : Math.max(200, reconnectDelay(this.attempt));
    this.retryMs = 0;
    this.timer = setTimeout(() => this.open(), delay);
    this.attempt += 1;
  }

  /** @param {Frame} frame */
  take(frame) {
    this.silence.end();
    if (typeof frame.now === "number") setServerTime(frame.now, frame.ahead_ms ?? frame.ingest?.ahead_ms);
    if (frame.t === "hello") this.greeted(frame);
    else if (frame.t === "hb") this.change(this.link.state, frame.ingest);
    else if (frame.t === "bye") this.farewell(frame);
    else if (frame.t === "err" && frame.id === undefined) this.link.problem = frame.msg;
    else this.subscriptions.deliver(frame);
    if (typeof frame.seq === "number") {
      this.seq = frame.seq;
      paint(this.acknowledge);
    }
  }

  /** @param {Frame} frame */
  greeted(frame) {
    this.attempt = this.refusals = 0;
    this.poller.stop();
    this.silence.heartbeatMs = frame.heartbeat_ms;
    this.build = frame.build;
    for (const sub of this.subscriptions.wanted()) this.send(sub);
    if (document.hidden) this.send({ t: "pause" });
    this.change("live");
  }

  /** @param {Frame[]} frames */
  polled(frames) {
    if (this.link.state !== "polling") this.change("polling");
    for (const frame of frames) this.take(frame);
  }

  /** @param {number} status */
  unpolled(status) {
    const denied = status === 401 || status === 403;
    if (denied) this.poller.stop();
    this.change(denied ? "denied" : "waiting");
  }

  /** @param {Frame} frame */
  farewell(frame) {
    this.retryMs = frame.retry_ms ?? 0;
    if (frame.code !== "auth") return;
    this.drop();
    this.change("denied");
  }

  /** Tell the server what has been drawn: it may send more. */
  acknowledge() {
    if (this.seq > this.acknowledged) {
      this.acknowledged = this.seq;
      this.send({ t: "rx", seq: this.seq });
    }
  }

  /** Look whether the link still lives. */
  watch() {
    const due = this.silence.due(this.link.state === "live", this.socket !== null);
    if (due === "ping") this.send({ t: "ping" });
    else if (due === "over") this.giveUp();
  }

  giveUp() {
    this.drop();
    this.lost(0);
  }

  wake() {
    if (document.hidden) this.send({ t: "pause" });
    else if (this.link.state === "live") this.send({ t: "resume" });
    else if (this.link.state === "waiting" || this.link.state === "polling") {
      this.attempt = this.retryMs = 0;
      this.open();
    }
  }

  /** @param {Link["state"]} state @param {Frame|null} [ingest] */
  change(state, ingest) {
    const since = state === this.link.state ? this.link.since : Date.now();
    const problem = state === "live" ? "" : this.link.problem;
    this.link = { state, since, ingest: ingest ?? this.link.ingest, problem };
    this.onLink(this.link);
  }
}
