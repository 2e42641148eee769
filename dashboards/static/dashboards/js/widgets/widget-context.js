// What a widget's module gets: its element, its options, and the values of its series.

import { readingNow } from "../display/server-clock.js";
import { filled, gettext } from "../display/i18n.js";
import { converted } from "../display/units.js";

/** @typedef {import("../pages/board.js").Board} Board */
/** @typedef {import("../charts/plot-data.js").Part} Part */
/** @typedef {{ ts: number, value: any, unit: string, kind: string, decimals?: number, places?: number }} Newest ts in ms */
/** @typedef {import("../charts/thresholds.js").Threshold} Threshold */

export class Place {
  /** @param {HTMLElement} root @param {Board} board */
  constructor(root, board) {
    /** The widget's element. */
    this.root = root;
    this.board = board;
    this.module = root.dataset.module ?? "";
    const setup = JSON.parse(root.dataset.setup ?? "{}");
    /** The options, as the Python class has them. @type {Record<string, any>} */
    this.options = setup.options;
    /** What to call each series. @type {Record<string, string>} */
    this.names = setup.names;
    /** @type {import("./widget-feeds.js").Query|null} */
    this.query = setup.query;
    /** What was wrong when it was told last. */
    this.problem = "";
    this.store = this.query ? board.feeds.want(this.query) : board.newest;
    /** Where to draw: the element in the template that is marked with `data-draw`. */
    this.canvas = /** @type {HTMLElement} */ (root.querySelector("[data-draw]") ?? root);
  }

  /** @returns {string[]} the series, of those that may be seen */
  get keys() {
    return (this.query?.keys ?? []).filter((key) => key in this.names);
  }

  /** @returns {[number, number]} what stretch of time is shown, in ms */
  get span() {
    const end = readingNow();
    return this.board.range?.shown ?? [end - this.board.feeds.spanMs, end];
  }

  /** Show another stretch of time on the whole page. @param {(span: [number, number]) => [number, number]|null} change */
  onSpan(change) {
    this.board.range?.onSpan(change);
  }

  /** @param {string} key @returns {Part} the points in the stretch of time that is shown */
  part(key) {
    return this.board.range?.part(key, this.store) ?? this.store.part(key);
  }

  /** @param {string} key @returns {Newest|null} the newest value, of now or of the past that is shown */
  newest(key) {
    for (const store of this.board.past.at === null ? [this.board.newest, this.store] : [this.board.past]) {
      const columns = store.columns.get(key);
      const info = store.infoOf(key);
      const last = (columns?.ts.length ?? 0) - 1;
      if (columns && info && last >= 0) return { ts: columns.ts[last], value: columns.value[last], unit: info.unit, kind: info.kind, decimals: info.decimals, places: info.places };
    }
    return null;
  }

  /** @param {string} key @returns {string} number, boolean or text */
  kind(key) {
    return this.store.infoOf(key)?.kind ?? "number";
  }

  /** @param {string} key @param {number} value in the unit that the series is stored in @returns {number} in the one it is shown in */
  limit(key, value) {
    return converted(value, this.store.howShown(key) ?? this.board.newest.howShown(key));
  }

  /** @param {string} [key] @returns {Threshold[]} the thresholds, in the unit that the series is shown in */
  thresholds(key = this.options.key ?? this.options.keys?.[0]) {
    /** @type {Threshold[]} */
    const given = this.options.thresholds ?? [];
    return given.map((one) => ({ ...one, value: this.limit(key, one.value) }));
  }

  /** Say below the widget what is wrong; "" takes it away. @param {string} words */
  tell(words) {
    const note = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-problem]"));
    if (!note || note.textContent === words) return;
    note.textContent = words;
    note.hidden = words === "";
  }

  /** @param {Set<string>} changed @returns {boolean} whether one of these is shown here */
  shows(changed) {
    return this.query?.keys.some((key) => changed.has(key)) ?? false;
  }

  /** Say what is wrong with the subscription, if anything is. */
  tellProblem() {
    const denied = this.store.denied.filter((key) => key in this.names);
    const gone = denied.length ? filled(gettext("Not found, or not visible to you: %(denied)s"), { denied: denied.join(", ") }) : "";
    const problem = this.store.problem || gone || this.board.past.problem;
    if (this.problem !== problem) this.tell(problem);
    this.problem = problem;
  }
}
