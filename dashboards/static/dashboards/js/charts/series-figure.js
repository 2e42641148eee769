// One series on the device page: its newest value, its chart and the table of the same values.

import { showAge } from "../display/server-clock.js";
import { Chart } from "./chart.js";
import { decimalsFor, formatValue } from "../display/format.js";
import { listen } from "./gestures.js";
import { readAlarms, readLosses, readMarks } from "./annotations.js";
import { NOTES } from "../logbook/notes.js";
import { noteTime } from "../display/staleness.js";
import { emptyColumns, trim } from "../live/columns.js";
import { drawRows } from "./values-table.js";
import { watchVisible } from "../display/visibility.js";
import { listenToMenu } from "./chart-menu.js";
import { seenWords, showSeen } from "./seen.js";
import { filled, gettext } from "../display/i18n.js";

export class SeriesView {
  /**
   * @param {HTMLElement} figure
   * @param {import("./time-range.js").TimeRange} range of the page
   * @param {import("./annotations.js").Span[]} offline when the device was
   * @param {() => void} onVisible
   */
  constructor(figure, range, offline, onVisible) {
    this.range = range;
    this.figure = figure;
    this.value = /** @type {HTMLElement} */ (figure.querySelector("[data-cell=value]"));
    this.age = /** @type {HTMLElement} */ (figure.querySelector("[data-cell=age]"));
    this.details = /** @type {HTMLDetailsElement} */ (figure.querySelector("details"));
    this.body = /** @type {HTMLTableSectionElement} */ (figure.querySelector("tbody"));
    const plot = /** @type {HTMLElement|null} */ (figure.querySelector(".plot"));
    const { kind = "number", metric = "" } = figure.dataset;
    this.correct = figure.dataset.correct ?? "";
    this.metric = metric;
    const [losses, marks] = [readLosses(document), readMarks(document, metric)];
    this.alarms = readAlarms(document, metric);
    this.line = { label: metric, kind, colour: "--accent" };
    const { onSpan } = range;
    /** @type {import("./states-view.js").StatesView|null} */
    this.states = null;
    if (plot && kind === "text") this.addStates(plot, onVisible);
    this.chart = plot && kind !== "text" ? new Chart(plot, { lines: [this.line], losses, marks, offline, alarms: this.alarms, onSpan }) : null;
    this.view = plot ? watchVisible(plot, onVisible) : { now: false };
    /** What the second line was when it was drawn last. */
    this.beside = "";
    if (plot) listen(plot, () => range.shown, onSpan);
    const link = /** @type {HTMLAnchorElement|null} */ (figure.querySelector("a.mark"));
    // What the chart was zoomed to is what somebody wants to mark.
    link?.addEventListener("click", () => {
      if (this.chart && new URLSearchParams(location.search).has("from")) link.href = this.correctUrl(...this.chart.span);
    });
    this.chart?.connect();
    this.seen = /** @type {HTMLElement|null} */ (figure.querySelector("[data-cell=seen-words]"));
    /** @type {import("./plot-data.js").Part} */
    this.part = { columns: emptyColumns(), binMs: 0, gaps: [], known: false };
    /** @type {import("../live/store.js").Info|undefined} */
    this.info = undefined;
    listenToMenu(figure, {
      part: () => this.part,
      span: () => range.shown,
      key: figure.dataset.key ?? metric,
      unit: () => this.info?.unit ?? "",
      canvas: () => figure.querySelector("canvas"),
      scale: () => this.chart?.toggleScale() ?? false,
      fix: () => this.chart?.toggleFixed() ?? false,
    });
    document.addEventListener(NOTES, (event) => {
      this.takeNotes(/** @type {CustomEvent} */ (event).detail);
      onVisible();
    });
  }

  /** @param {HTMLElement} plot @param {() => void} onVisible */
  async addStates(plot, onVisible) {
    const { StatesView } = await import("./states-view.js");
    this.states = new StatesView(plot);
    onVisible();
  }

  /** Shade the spans that notes are about. @param {import("../logbook/note-view.js").Note[]} notes */
  takeNotes(notes) {
    if (!this.chart) return;
    const ours = notes.filter(({ metric }) => !metric || metric === this.metric);
    this.chart.options.notes = ours.map(({ from, to }) => [from ?? 0, to ?? 0]);
  }

  /** @param {number} from ms @param {number} to ms @returns {string} */
  correctUrl(from, to) {
    const time = (/** @type {number} */ ms) => String(Math.round(ms * 1_000) / 1_000);
    return `${this.correct}?${new URLSearchParams({ metric: this.metric, from: time(from), to: time(to) })}`;
  }

  /** @param {import("../live/columns.js").Columns} newest @param {import("../live/store.js").Info} [info] */
  drawNewest(newest, info) {
    this.info = info;
    const last = newest.ts.length - 1;
    if (last < 0) return;
    const words = formatValue(newest.value[last], decimalsFor(newest.value[last], info));
    if (this.value.textContent !== words) this.value.textContent = words;
    showAge(this.age, newest.ts[last]);
    noteTime(/** @type {HTMLElement} */ (this.value.parentElement), newest.ts[last], info?.expire_ms);
    trim(newest, newest.ts[last]);
  }

  /**
   * @param {import("./plot-data.js").Part} part
   * @param {{ label: string, part: import("./plot-data.js").Part }|null} beside what to lay over it
   * @param {boolean} right whether that has a scale of its own
   */
  draw(part, beside, right) {
    this.part = part;
    if (this.view.now) {
      this.drawChart(part, beside, right);
      this.states?.draw(part, this.range.shown);
      showSeen(this.seen, seenWords(part, this.range.shown, this.line.kind, this.info));
    }
    if (this.details.open) drawRows(this.body, [part], this.correct ? (ts, binMs) => this.markCell(ts, binMs) : undefined);
  }

  /**
   * @param {import("./plot-data.js").Part} part
   * @param {{ label: string, part: import("./plot-data.js").Part }|null} beside
   * @param {boolean} right
   */
  drawChart(part, beside, right) {
    if (!this.chart) return;
    const look = beside ? `${right} ${beside.label}` : "";
    if (look !== this.beside) {
      this.chart.setLines([this.line, ...(beside ? [this.lineBeside(beside.label, right)] : [])]);
      this.tellBeside(beside?.label ?? "", right);
      this.beside = look;
    }
    this.chart.draw(beside ? [part, beside.part] : [part], this.range.shown);
  }

  /** Say what the second line is. @param {string} label @param {boolean} right */
  tellBeside(label, right) {
    const words = /** @type {HTMLElement|null} */ (this.figure.querySelector("[data-cell=beside]"));
    if (!words) return;
    words.textContent = filled(right ? gettext("Dashed: %(what)s, scale on the right") : gettext("Dashed: %(what)s"), { what: label });
    words.hidden = label === "";
  }

  /** @param {string} label @param {boolean} right */
  lineBeside(label, right) {
    return { label, right, kind: right ? "number" : this.line.kind, colour: "--line-2", dashed: true };
  }

  /** @param {number} ts @param {number} binMs @returns {HTMLElement} */
  markCell(ts, binMs) {
    const cell = document.createElement("td");
    const link = document.createElement("a");
    link.href = this.correctUrl(ts, binMs ? ts + binMs - 0.001 : ts);
    link.textContent = gettext("Mark");
    cell.append(link);
    return cell;
  }
}
