// The device page: a chart and a table per series from one subscription, newest values and
// their own times from another (a bin does not tell when in it its last value was).

import { localTimes, now, showAge } from "./clock.js";
import { Past, kept, moved, scaled, spanOf } from "./explore.js";
import { formatTime } from "./format.js";
import { paint } from "./frame.js";
import { showState } from "./link.js";
import { noteState, readOffline } from "./losses.js";
import { SeriesView } from "./seriesview.js";
import { Store, emptyColumns, trim } from "./store.js";

/** @typedef {import("./socket.js").LiveSocket} LiveSocket */

const MOST_VIEWS = 40;
const POINTS = 600;
// More exact rows than this and the server should make bins: subscribe anew.
const TOO_MANY = 4 * POINTS;

/** What the buttons do. @type {Record<string, (span: import("./explore.js").Span) => import("./explore.js").Span>} */
const STEPS = {
  earlier: (span) => moved(span, -0.5),
  later: (span) => moved(span, 0.5),
  closer: (span) => scaled(span, 0.5),
  wider: (span) => scaled(span, 2),
};

export class DevicePage {
  /** @param {LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.root = /** @type {HTMLElement} */ (document.getElementById("device"));
    this.key = this.root.dataset.key ?? "";
    this.spanMs = Number(this.root.dataset.span);
    this.back = /** @type {HTMLButtonElement} */ (document.getElementById("back-to-live"));
    this.subscription = 0;
    this.offline = readOffline(document);
    /** @type {Map<string, SeriesView>} */
    this.views = new Map();
    /** Keys whose figures were asked for. @type {Set<string>} */
    this.asked = new Set();
    this.draw = this.draw.bind(this);
    this.onSpan = this.onSpan.bind(this);
    /** What somebody chose to look at; null is the live tail. @type {import("./explore.js").Span|null} */
    this.span = spanOf(location.search);
    const words = /** @type {HTMLElement} */ (document.getElementById("span-words"));
    this.past = new Past((said) => (words.textContent = said), () => paint(this.draw));
    this.store = new Store(() => paint(this.draw));
    this.newest = new Store((keys, devices) => this.news(keys, devices));
  }

  connect() {
    this.findViews();
    this.back.addEventListener("click", () => this.show(null));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-span]"))) {
      button.addEventListener("click", () => this.onSpan((span) => STEPS[button.dataset.span ?? ""]?.(span) ?? span));
      button.hidden = false;
    }
    if (this.span) this.show(this.span);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const view of this.views.values()) view.chart?.restyle();
    });
    setInterval(() => paint(this.draw), Math.max(1_000, this.spanMs / 1_000));
    this.subscribe();
    // Also brings metrics that are new; a device with very many shows the first ones.
    const keys = this.views.size < MOST_VIEWS ? [`${this.key}/*`] : [...this.views.keys()];
    this.socket.subscribe({ kind: "latest", keys, rate_hz: 10 }, this.newest.take);
  }

  /** Take up every figure that has no view yet. */
  findViews() {
    for (const figure of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("figure[data-key]"))) {
      const key = figure.dataset.key ?? "";
      if (this.views.has(key)) continue;
      const view = new SeriesView(figure, this.spanMs, this.offline, this.onSpan, () => paint(this.draw));
      this.views.set(key, view);
      view.details.addEventListener("toggle", () => paint(this.draw));
    }
  }

  /** A metric has come that the page has no place for: take its figure from the server. */
  async addFigures() {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return;
    const html = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const figure of /** @type {NodeListOf<HTMLElement>} */ (html.querySelectorAll("figure[data-key]"))) {
      if (!this.views.has(figure.dataset.key ?? "")) this.root.querySelector(".charts")?.append(figure);
    }
    localTimes(this.root);
    this.findViews();
    this.subscribe();
  }

  subscribe() {
    if (this.subscription) this.socket.unsubscribe(this.subscription);
    this.subscription = 0;
    if (this.views.size === 0) return;
    this.subscription = this.socket.subscribe(
      { keys: [...this.views.keys()], from: -this.spanMs, points: POINTS, rate_hz: 10 },
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
    const words = document.getElementById("since");
    if (words) words.hidden = state.since === null;
  }

  draw() {
    const gone = /** @type {HTMLElement} */ (document.getElementById("gone"));
    gone.hidden = !this.newest.isGone;
    this.root.toggleAttribute("data-gone", this.newest.isGone);
    const start = now() - this.spanMs;
    let newest = 0;
    for (const [key, view] of this.views) {
      const columns = this.store.columns.get(key) ?? emptyColumns();
      if (columns.ts.length > TOO_MANY && !this.store.binMs) this.subscribe();
      trim(columns, start);
      const latest = this.newest.columns.get(key) ?? emptyColumns();
      newest = Math.max(newest, latest.ts[latest.ts.length - 1] ?? 0);
      view.drawNewest(latest, this.newest.infoOf(key)?.expire_ms);
      if (view.chart) view.chart.gaps = this.store.gaps.get(key) ?? [];
      const past = this.span ? this.past.found.get(key) : undefined;
      // Until the past is there, what is known of it from the live tail is shown.
      view.draw(past?.columns ?? columns, past?.binMs ?? this.store.binMs, this.span);
    }
    const seen = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-cell=seen] > *"));
    if (seen && newest > Number(seen.dataset.ago ?? 0) && newest <= now() + 1_000) showAge(seen, newest);
  }

  /** @param {(span: import("./explore.js").Span) => import("./explore.js").Span|null} change */
  onSpan(change) {
    const end = now();
    const span = change(this.span ?? [end - this.spanMs, end]);
    this.show(span ? kept(span, end) : null);
  }

  /** Show a span on every chart, or the live tail. @param {import("./explore.js").Span|null} span */
  show(span) {
    this.span = span;
    this.back.hidden = !span;
    this.back.parentElement?.toggleAttribute("data-past", span !== null);
    const shown = /** @type {HTMLElement} */ (document.getElementById("span-shown"));
    shown.textContent = span ? `${formatTime(span[0])} to ${formatTime(span[1])}` : "";
    const url = new URL(location.href);
    for (const [name, ms] of Object.entries({ from: span?.[0], to: span?.[1] })) {
      if (ms === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, String(Math.round(ms)));
    }
    history.replaceState(null, "", url);
    if (span) this.past.ask([...this.views.keys()], span, POINTS);
    else this.past.forget();
    paint(this.draw);
  }
}
