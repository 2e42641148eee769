// The device page: a chart and a table per series from one subscription, newest values and
// their own times from another (a bin does not tell when in it its last value was).

import { fetchPage } from "../live/fetched-page.js";
import { localTimes, now, readingNow, showAge } from "../display/server-clock.js";
import { Compare } from "../charts/compare.js";
import { POINTS } from "../charts/time-span.js";
import { paint } from "../display/animation-frame.js";
import { whenIdle } from "../display/idle.js";
import { showState } from "../display/connection-status.js";
import { noteState, readAlarms, readOffline } from "../charts/annotations.js";
import { TimeRange } from "../charts/time-range.js";
import { SeriesView } from "../charts/series-figure.js";
import { emptyColumns } from "../live/columns.js";
import { Store } from "../live/store.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */

// More exact rows than this and the server should make bins: subscribe anew.
const TOO_MANY = 4 * POINTS;

export class DevicePage {
  /** @param {LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.root = /** @type {HTMLElement} */ (document.getElementById("device"));
    this.key = this.root.dataset.key ?? "";
    this.subscription = 0;
    /** Up to which change alarms are shown. */
    this.alarmSeq = -1;
    this.offline = readOffline(document);
    /** @type {Map<string, SeriesView>} */
    this.views = new Map();
    /** Keys whose figures were asked for. @type {Set<string>} */
    this.asked = new Set();
    this.draw = this.draw.bind(this);
    const keys = () => [...this.views.keys()];
    this.range = new TimeRange(this.root, keys, () => this.ranged());
    /** @type {import("../charts/strip.js").Strip|null} */
    this.strip = null;
    this.compare = new Compare(this.range, keys, () => paint(this.draw));
    this.store = new Store(() => paint(this.draw), TOO_MANY);
    this.newest = new Store((keys, devices) => this.news(keys, devices));
  }

  connect() {
    this.findViews();
    this.range.connect();
    this.compare.connect();
    whenIdle(() => this.addStrip());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const view of this.views.values()) view.chart?.restyle();
      paint(this.draw);
    });
    setInterval(() => paint(this.draw), Math.max(1_000, this.range.spanMs / 1_000));
    document.addEventListener("alarms", (event) => this.takeAlarms(/** @type {CustomEvent} */ (event).detail));
    this.subscribe();
    // Also brings metrics that are new; a device with very many has several pages of them.
    const keys = this.root.dataset.pages === "1" ? [`${this.key}/*`] : [...this.views.keys()];
    this.socket.subscribe({ kind: "latest", keys, rate_hz: 10 }, this.newest.take);
  }

  /** Put the strip of all that is stored below the charts: nobody came for it, so it comes last. */
  async addStrip() {
    const root = document.getElementById("strip");
    if (!root) return;
    const { Strip } = await import("../charts/strip.js");
    this.strip = new Strip(root, this.range, this.socket);
    this.strip.connect();
  }

  /** Take up every figure that has no view yet. */
  findViews() {
    for (const figure of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("figure[data-key]"))) {
      const key = figure.dataset.key ?? "";
      if (this.views.has(key)) continue;
      const view = new SeriesView(figure, this.range, this.offline, () => paint(this.draw));
      this.views.set(key, view);
      if (view.chart) this.compare.offer(key, view.metric);
      view.details.addEventListener("toggle", () => paint(this.draw));
    }
  }

  /** A metric has come that the page has no place for: take its figure from the server. */
  async addFigures() {
    const html = await fetchPage(location.href);
    if (!html) return;
    for (const figure of /** @type {NodeListOf<HTMLElement>} */ (html.querySelectorAll("figure[data-key]"))) {
      if (!this.views.has(figure.dataset.key ?? "")) this.root.querySelector(".charts")?.append(figure);
    }
    localTimes(this.root);
    this.findViews();
    this.subscribe();
  }

  /** Take alarms of this device anew from the server, where others are on than it shows. @param {import("../shell/alarms-on.js").Frame} frame */
  async takeAlarms({ alarms, whole }) {
    const mine = alarms.filter(({ device }) => device === this.key);
    const seq = Math.max(0, ...mine.map((alarm) => alarm.seq));
    const isNew = whole ? !this.showsAlarms(mine) : seq > this.alarmSeq;
    this.alarmSeq = Math.max(seq, this.alarmSeq);
    if (!isNew) return;
    /** @type {Document|null} */
    let html = null;
    try {
      html = await fetchPage(location.href);
    } catch {
      // The link line says that the server cannot be reached; what comes next asks again.
    }
    if (!html) return;
    for (const id of ["alarms-of", "alarm-spans"]) {
      const fresh = html.getElementById(id);
      if (fresh) document.getElementById(id)?.replaceWith(fresh);
    }
    localTimes(this.root);
    for (const view of this.views.values()) view.alarms.splice(0, Infinity, ...readAlarms(document, view.metric));
    paint(this.draw);
  }

  /** @param {{ id: number }[]} alarms @returns {boolean} whether the page shows these and no others */
  showsAlarms(alarms) {
    const items = /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-alarm-id]"));
    const shown = new Set([...items].map((item) => Number(item.dataset.alarmId)));
    return alarms.length === shown.size && alarms.every(({ id }) => shown.has(id));
  }

  subscribe() {
    if (this.subscription) this.socket.unsubscribe(this.subscription);
    this.subscription = 0;
    if (this.views.size === 0) return;
    this.subscription = this.socket.subscribe(
      { keys: [...this.views.keys()], from: -this.range.spanMs, points: POINTS, rate_hz: 10 },
      this.store.take,
    );
  }

  /** @param {Set<string>} keys @param {Record<string, any>} devices */
  news(keys, devices) {
    const state = devices[this.key];
    if (state) this.showDevice(state);
    const unknown = [...keys].filter((key) => !this.views.has(key) && !this.asked.has(key));
    for (const key of unknown) this.asked.add(key);
    if (unknown.length) this.addFigures();
    paint(this.draw);
  }

  /** @param {{state: string, since: number|null}} state */
  showDevice(state) {
    showState(this.root.querySelector("[data-cell=state]"), state.state);
    noteState(this.offline, state.state, state.since);
    const since = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-cell=since] > *"));
    if (since) showAge(since, state.since);
    const seen = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-cell=seen] > *"));
    if (seen && !seen.dataset.ago && state.state === "online") showAge(seen, now());
    const words = document.getElementById("since");
    if (words) words.hidden = state.since === null;
  }

  draw() {
    const gone = /** @type {HTMLElement} */ (document.getElementById("gone"));
    gone.hidden = !this.newest.isGone;
    this.root.toggleAttribute("data-gone", this.newest.isGone);
    const start = readingNow() - this.range.spanMs;
    // So many exact rows that the server should make bins.
    if (this.store.isFull && !this.store.binMs) this.subscribe();
    this.store.isFull = false;
    this.store.trim(start);
    this.strip?.draw();
    const part = (/** @type {string} */ key) => this.range.part(key, this.store);
    let newest = 0;
    for (const [key, view] of this.views) {
      const latest = this.newest.columns.get(key) ?? emptyColumns();
      newest = Math.max(newest, latest.ts[latest.ts.length - 1] ?? 0);
      view.drawNewest(latest, this.newest.infoOf(key));
      const beside = this.compare.of(key, part);
      view.draw(part(key), beside, beside?.other ? this.unitOf(beside.other) !== this.unitOf(key) : false);
    }
    const seen = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-cell=seen] > *"));
    // A reading that was imported is nothing that was heard.
    const heard = Number(seen?.dataset.ago ?? 0);
    if (seen && heard && newest > heard && newest <= now() + 1_000) showAge(seen, newest);
  }

  /** @param {string} key */
  unitOf(key) {
    const info = this.newest.infoOf(key);
    return `${info?.unit} ${info?.kind}`;
  }

  /** Another span is shown, or more is known of it. */
  ranged() {
    if (this.compare.shift) this.compare.read();
    paint(this.draw);
  }
}
