// What the charts of a device are compared with: another metric, or another day.

import { POINTS, Past } from "./time-span.js";
import { formatTime } from "../display/format.js";
import { shifted } from "./plot-data.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./plot-data.js").Part} Part */

const DAY_MS = 86_400_000;
const AGAIN_MS = 60_000;

/**
 * @param {string} chosen `day:N` for N days before, `on:2026-03-01`, else a metric
 * @param {number} end of what is shown, in ms
 * @returns {number} how much later the charts are than what they are compared with, in ms; 0: no other day
 */
export function shiftOf(chosen, end) {
  if (chosen.startsWith("day:")) return Number(chosen.slice(4)) * DAY_MS || 0;
  if (!chosen.startsWith("on:")) return 0;
  const days = (Date.parse(formatTime(end).slice(0, 10)) - Date.parse(chosen.slice(3))) / DAY_MS;
  return Number.isFinite(days) ? Math.round(days) * DAY_MS : 0;
}

export class Compare {
  /**
   * @param {import("./time-range.js").TimeRange} range
   * @param {() => string[]} keys the series that are shown
   * @param {() => void} onChange
   */
  constructor(range, keys, onChange) {
    this.range = range;
    this.keys = keys;
    this.onChange = onChange;
    this.select = /** @type {HTMLSelectElement} */ (document.getElementById("compare"));
    this.day = /** @type {HTMLInputElement} */ (document.getElementById("compare-day"));
    this.chosen = new URLSearchParams(location.search).get("compare") ?? "";
    const words = /** @type {HTMLElement} */ (document.getElementById("compare-words"));
    this.past = new Past((said) => (words.textContent = said), () => {
      const any = [...this.past.found.values()].some(({ columns }) => columns.ts.length > 0);
      if (!any) words.textContent = gettext("No readings there to compare with.");
      onChange();
    });
    this.timer = 0;
  }

  connect() {
    this.select.addEventListener("change", () => {
      this.choose(this.select.value);
      if (!this.day.hidden) this.day.focus();
    });
    this.day.addEventListener("change", () => this.choose(`on:${this.day.value}`));
    /** @type {HTMLElement} */ (this.select.closest("[data-compare]")).hidden = false;
    if (this.chosen) this.choose(this.chosen);
  }

  /** Let somebody choose a metric. @param {string} key @param {string} metric */
  offer(key, metric) {
    this.select.add(new Option(metric, key, false, key === this.chosen));
  }

  /** @param {string} chosen */
  choose(chosen) {
    this.chosen = chosen;
    const isDay = chosen.startsWith("on:");
    const known = [...this.select.options].some((option) => option.value === chosen);
    this.select.value = isDay ? "on:" : known ? chosen : "";
    this.day.value = isDay ? chosen.slice(3) : "";
    this.day.hidden = !isDay;
    this.range.note({ compare: chosen });
    this.read();
    this.onChange();
  }

  /** @returns {number} ms; 0: another metric, or nothing */
  get shift() {
    return shiftOf(this.chosen, this.range.shown[1]);
  }

  /** Read the other day, and again now and then while the live tail goes on. */
  read() {
    clearTimeout(this.timer);
    const { shift } = this;
    if (!shift) {
      this.past.forget();
      return;
    }
    const [from, to] = this.range.shown;
    this.past.ask(this.keys(), [from - shift, to - shift], POINTS);
    if (!this.range.span) this.timer = window.setTimeout(() => this.read(), AGAIN_MS);
  }

  /**
   * @param {string} key of a chart
   * @param {(key: string) => Part} known what is shown of the page's series
   * @returns {{ label: string, part: Part, other: string }|null} `other`: the key of another metric
   */
  of(key, known) {
    const { shift } = this;
    if (shift) {
      const found = this.past.found.get(key);
      const day = formatTime(this.range.shown[1] - shift).slice(0, 10);
      return found ? { label: day, part: shifted({ ...found, gaps: [] }, shift), other: "" } : null;
    }
    if (!this.chosen || this.chosen === key || !this.keys().includes(this.chosen)) return null;
    return { label: this.chosen.slice(this.chosen.indexOf("/") + 1), part: known(this.chosen), other: this.chosen };
  }
}
