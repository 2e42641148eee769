// A page of widgets: each is an ES module with `mount(place)`; see docs/howto/add-a-widget.md.

import { Cells } from "../display/live-values.js";
import { Feeds } from "../widgets/widget-feeds.js";
import { PastValues } from "../display/past-values.js";
import { paint } from "../display/animation-frame.js";
import { Place } from "../widgets/widget-context.js";
import { Sparklines } from "../display/sparklines.js";
import { TimeRange } from "../charts/time-range.js";
import { TimeTravel } from "../charts/time-travel.js";
import { watchVisible } from "../display/visibility.js";
import { isZone, setZone } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */
/** @typedef {{ place: Place, drawn: { draw: () => void, disconnect?: () => void, restyle?: () => void }, view: { now: boolean, stop: () => void }, due: boolean }} Live */

const REVISED_MS = 30_000;

export class Board {
  /** @param {LiveSocket} socket @param {HTMLElement} root */
  constructor(socket, root) {
    this.root = root;
    const { zone } = root.dataset;
    if (zone && isZone(zone)) setZone(zone);
    this.cells = new Cells(root);
    this.draw = this.draw.bind(this);
    /** @type {Set<string>} */
    this.changed = new Set();
    /** @type {Record<string, any>} */
    this.states = {};
    /** How devices are now, as far as it was told. @type {Record<string, any>} */
    this.live = {};
    /** @type {Live[]} */
    this.widgets = [];
    /** @type {Place[]} */
    this.places = [];
    this.feeds = new Feeds(socket, Number(root.dataset.span ?? 3_600_000), (keys, devices) => this.news(keys, devices));
    this.newest = this.feeds.want({ keys: this.cells.keys, kind: "latest", points: 1 });
    this.past = new PastValues(() => this.otherTime());
    this.range = document.getElementById("back-to-live") ? new TimeRange(root, () => this.keys(), () => this.spanChanged()) : null;
    const travel = document.getElementById("travel");
    this.travel = travel && this.range ? new TimeTravel(travel, this.range) : null;
  }

  connect() {
    const elements = /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-widget]"));
    // Every widget's series are wanted before the first subscription, so that they share.
    this.places = [...elements].map((element) => new Place(element, this));
    this.feeds.open();
    this.range?.connect();
    this.travel?.connect();
    for (const place of this.places) this.mount(place);
    new Sparklines().watch(this.root);
    setInterval(() => this.tick(), 1_000);
    this.choices();
    this.watchRevision();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const { drawn } of this.widgets) drawn.restyle?.();
      this.all();
    });
  }

  /** @param {Place} place */
  async mount(place) {
    try {
      const module = await import(place.module);
      const live = { place, drawn: module.mount(place), view: { now: true, stop: () => {} }, due: true };
      live.view = watchVisible(place.root, () => this.due(live));
      this.widgets.push(live);
      this.due(live);
    } catch (error) {
      fail(place, error);
    }
  }

  /** Bring a widget to life that came later. @param {HTMLElement} element */
  add(element) {
    const place = new Place(element, this);
    this.places.push(place);
    this.cells.find();
    this.feeds.want({ keys: this.cells.keys, kind: "latest", points: 1 });
    this.feeds.open();
    return this.mount(place);
  }

  /** Take widgets off that left the page. */
  sweep() {
    const gone = this.widgets.filter(({ place }) => !place.root.isConnected);
    if (gone.length === 0) return;
    for (const { drawn, view } of gone) {
      view.stop();
      drawn.disconnect?.();
    }
    this.widgets = this.widgets.filter(({ place }) => place.root.isConnected);
    this.places = this.places.filter(({ root }) => root.isConnected);
  }

  /** What is chosen of a board's variables is shown at once. */
  choices() {
    const form = /** @type {HTMLFormElement|null} */ (this.root.querySelector(".choices"));
    const button = /** @type {HTMLElement|null} */ (form?.querySelector("button"));
    if (button) button.hidden = true;
    form?.addEventListener("change", () => form.requestSubmit());
  }

  /** Say when another revision of the board was published. */
  watchRevision() {
    const { slug, revision } = this.root.dataset;
    const news = document.getElementById("board-revised");
    if (!slug || !news) return;
    setInterval(async () => {
      const answer = await fetch(`/api/v1/boards/${slug}/revision`).catch(() => null);
      if (answer?.ok) news.hidden = String((await answer.json()).revision) === revision;
    }, REVISED_MS);
  }

  /** @returns {string[]} the series whose past is shown */
  keys() {
    return [...new Set(this.places.flatMap((place) => (place.query?.kind === "series" ? place.keys : [])))];
  }

  /** @param {Set<string>} keys @param {Record<string, any>} devices */
  news(keys, devices) {
    for (const key of keys) this.changed.add(key);
    Object.assign(this.states, devices);
    Object.assign(this.live, devices);
    paint(this.draw);
  }

  /** @returns {{ columns: Map<string, any>, infoOf: (key: string) => any }} newest values, or those of the past that is shown */
  get values() {
    return this.past.at === null ? this.newest : this.past;
  }

  /** Another stretch of time is shown, or more is known of it: values are those at its end. */
  spanChanged() {
    const keys = [...new Set([...this.cells.keys, ...this.places.flatMap((place) => place.keys)])];
    this.past.show(keys, this.range?.span?.[1] ?? null);
    this.travel?.show();
    this.all();
  }

  /** Values are of another time than before. */
  otherTime() {
    this.root.toggleAttribute("data-past-values", this.past.at !== null);
    this.live = { ...this.cells.states(), ...this.live };
    this.states = this.past.at === null ? { ...this.live } : { ...this.past.states };
    for (const key of this.cells.keys) this.changed.add(key);
    this.all();
  }

  draw() {
    for (const key of this.changed) this.cells.drawValue(key, this.values);
    const states = this.past.at === null ? this.states : this.past.states;
    for (const [device, state] of Object.entries(states)) this.cells.drawState(device, state);
    for (const live of this.widgets) {
      if (live.due || live.place.shows(this.changed)) this.drawOne(live);
    }
    this.changed.clear();
    this.states = {};
  }

  /** @param {Live} live */
  drawOne(live) {
    live.due = !live.view.now;
    if (live.due) return;
    try {
      live.drawn.draw();
    } catch (error) {
      fail(live.place, error);
    }
  }

  /** @param {Live} live */
  due(live) {
    live.due = true;
    paint(this.draw);
  }

  /** Everything must be drawn anew. */
  all() {
    for (const live of this.widgets) this.due(live);
  }

  /** Time goes on without any news. */
  tick() {
    this.sweep();
    this.feeds.refresh();
    for (const place of this.places) place.tellProblem();
    for (const live of this.widgets) if (live.place.query?.kind === "series") this.due(live);
  }
}

/** What is wrong with one widget must not stop the others. @param {Place} place @param {unknown} error */
function fail(place, error) {
  console.error(error);
  place.tell(filled(gettext("This widget cannot be shown: %(error)s"), { error: error instanceof Error ? error.message : error }));
}
