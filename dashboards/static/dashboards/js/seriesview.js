// One series on the device page: its newest value, its chart and the table of the same values.

import { showAge } from "./clock.js";
import { Chart } from "./chart.js";
import { formatTime, formatValue } from "./format.js";
import { listen } from "./gestures.js";
import { readLosses, readMarks } from "./losses.js";
import { noteTime } from "./quality.js";
import { trim } from "./store.js";

const TABLE_ROWS = 200;

export class SeriesView {
  /**
   * @param {HTMLElement} figure
   * @param {number} spanMs
   * @param {import("./losses.js").Span[]} offline when the device was
   * @param {import("./gestures.js").OnSpan} onSpan
   * @param {() => void} onVisible
   */
  constructor(figure, spanMs, offline, onSpan, onVisible) {
    this.figure = figure;
    this.value = /** @type {HTMLElement} */ (figure.querySelector("[data-cell=value]"));
    this.age = /** @type {HTMLElement} */ (figure.querySelector("[data-cell=age]"));
    this.details = /** @type {HTMLDetailsElement} */ (figure.querySelector("details"));
    this.body = /** @type {HTMLElement} */ (figure.querySelector("tbody"));
    const plot = /** @type {HTMLElement|null} */ (figure.querySelector(".plot"));
    const { kind = "number", metric = "" } = figure.dataset;
    this.correct = figure.dataset.correct ?? "";
    this.metric = metric;
    const [losses, marks] = [readLosses(document), readMarks(document, metric)];
    this.chart = plot ? new Chart(plot, { spanMs, kind, label: metric, losses, marks, offline, onSpan, onVisible }) : null;
    if (plot && this.chart) listen(plot, () => this.chart?.span ?? [0, 1], onSpan);
    const link = /** @type {HTMLAnchorElement|null} */ (figure.querySelector("a.mark"));
    // What the chart was zoomed to is what somebody wants to mark.
    link?.addEventListener("click", () => {
      if (this.chart && new URLSearchParams(location.search).has("from")) link.href = this.correctUrl(...this.chart.span);
    });
    this.chart?.connect();
  }

  /** @param {number} from ms @param {number} to ms @returns {string} */
  correctUrl(from, to) {
    const time = (/** @type {number} */ ms) => String(Math.round(ms * 1_000) / 1_000);
    return `${this.correct}?${new URLSearchParams({ metric: this.metric, from: time(from), to: time(to) })}`;
  }

  /** @param {import("./store.js").Columns} newest @param {number} [expireMs] */
  drawNewest(newest, expireMs) {
    const last = newest.ts.length - 1;
    if (last < 0) return;
    const words = formatValue(newest.value[last]);
    if (this.value.textContent !== words) this.value.textContent = words;
    showAge(this.age, newest.ts[last]);
    noteTime(/** @type {HTMLElement} */ (this.value.parentElement), newest.ts[last], expireMs);
    trim(newest, newest.ts[last]);
  }

  /** @param {import("./store.js").Columns} columns @param {number} binMs @param {import("./explore.js").Span|null} span */
  draw(columns, binMs, span) {
    this.chart?.draw(columns, binMs, span);
    if (this.details.open) this.drawTable(columns, binMs);
  }

  /** @param {import("./store.js").Columns} columns @param {number} binMs */
  drawTable(columns, binMs) {
    const rows = [];
    for (let i = columns.ts.length - 1; i >= 0 && rows.length < TABLE_ROWS; i -= 1) {
      const row = document.createElement("tr");
      const band = binMs && columns.min[i] !== null ? ` (${formatValue(columns.min[i])} to ${formatValue(columns.max[i])})` : "";
      for (const words of [formatTime(columns.ts[i]), formatValue(columns.value[i]) + band]) {
        const cell = document.createElement("td");
        cell.textContent = words;
        row.append(cell);
      }
      if (this.correct) row.append(this.markCell(columns.ts[i], binMs));
      rows.push(row);
    }
    this.body.replaceChildren(...rows);
  }

  /** @param {number} ts @param {number} binMs @returns {HTMLElement} */
  markCell(ts, binMs) {
    const cell = document.createElement("td");
    const link = document.createElement("a");
    link.href = this.correctUrl(ts, binMs ? ts + binMs - 0.001 : ts);
    link.textContent = "Mark";
    cell.append(link);
    return cell;
  }
}
