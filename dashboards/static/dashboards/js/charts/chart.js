// One uPlot: made once, fed with columns, with as many lines as somebody wants to see together.

import uPlot from "../vendor/uPlot/uPlot.esm.js";
import { axesOf, scaleOf } from "./axes.js";
import { chosenZone, formatTime, formatValue } from "../display/format.js";
import { token } from "./theme.js";
import { shadeLosses } from "./annotations.js";
import { alone, plotData, valuesAt } from "./plot-data.js";
import { stacked, stackedBands } from "./stacking.js";
import { drawThresholds } from "./thresholds.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./plot-data.js").Part} Part */
/** @typedef {import("./annotations.js").Span} Span */
/** @typedef {{ label: string, kind: string, colour: string, right?: boolean, dashed?: boolean }} Line colour: a token's name */
/**
 * @typedef {object} ChartOptions
 * @property {Line[]} lines
 * @property {(change: (span: Span) => Span|null) => void} onSpan
 * @property {Span[]} [losses] @property {Span[]} [marks] @property {Span[]} [offline] @property {Span[]} [notes] @property {Span[]} [alarms]
 * @property {import("./thresholds.js").Threshold[]} [thresholds]
 * @property {boolean} [stacked] whether each line is drawn above those before it
 * @property {boolean} [band] whether extremes of bins are drawn; yes, if not said
 * @property {(values: (number|null)[]|null) => void} [onCursor] what the lines are at the cursor
 */

export class Chart {
  /** @param {HTMLElement} root the element to draw in @param {ChartOptions} options */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    /** What is shown, in ms. @type {Span} */
    this.span = [0, 1];
    /** @type {any} */
    this.plot = null;
    this.shape = "";
    /** What could not be delivered. @type {Span[]} */
    this.gaps = [];
    /** Where each line's values are in uPlot's data. @type {number[]} */
    this.at = [];
    /** What is drawn, before lines were stacked. @type {any[][]} */
    this.joined = [];
    this.empty = document.createElement("div");
    this.empty.className = "empty";
    /** Whether the left axis is logarithmic. */
    this.isLog = false;
    /** Where the left axis begins and ends, once somebody fixed it. @type {[number, number]|null} */
    this.fixed = null;
    /** What is at the cursor. */
    this.readout = document.createElement("div");
    this.readout.className = "readout";
    this.resizer = new ResizeObserver(() => this.plot?.setSize(this.size()));
  }

  connect() {
    this.resizer.observe(this.root);
    this.root.append(this.empty, this.readout);
  }

  disconnect() {
    this.resizer.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  size() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  /**
   * @param {Part[]} parts of each line
   * @param {Span} span what to show, in ms
   */
  draw(parts, span) {
    const { losses = [], marks = [], stacked: isStacked = false } = this.options;
    const band = (this.options.band ?? true) && !isStacked;
    this.gaps = parts.flatMap((part) => part.gaps);
    const tables = parts.map((part) => {
      const table = plotData(part.columns, part.binMs, [...losses, ...marks, ...part.gaps]);
      return band ? table : table.slice(0, 2);
    });
    const shape = tables.map((table) => table.length).join();
    this.joined = tables.length === 1 ? tables[0] : /** @type {any[][]} */ (uPlot.join(/** @type {any} */ (tables)));
    const data = isStacked ? stacked(this.joined) : this.joined;
    if (!this.plot || this.shape !== shape) this.make(data, tables);
    else this.plot.setData(data, false);
    this.shape = shape;
    const [from, to] = span;
    const shown = parts.some(({ columns }) => (columns.ts.at(-1) ?? 0) >= from);
    const known = parts.every((part) => part.known !== false);
    this.empty.textContent = shown || !known ? "" : gettext("No readings in this time range.");
    this.root.classList.toggle("skeleton", !known && !shown);
    this.span = span;
    this.plot.setScale("x", { min: from, max: to });
  }

  /** Show other lines from the next `draw` on. @param {Line[]} lines */
  setLines(lines) {
    this.options.lines = lines;
    this.shape = "";
  }

  /** @param {any[]} data @param {any[][]} tables */
  make(data, tables) {
    this.plot?.destroy();
    const { lines } = this.options;
    const { stacked: isStacked = false } = this.options;
    const series = lines.map((line, i) => seriesOf(line, tables[i].length > 2, isStacked));
    this.at = series.map((_, i) => 1 + series.slice(0, i).flat().length);
    const bands = isStacked ? stackedBands(lines.length) : this.bands(tables);
    this.plot = new uPlot(
      {
        ...this.size(),
        ms: 1,
        tzDate: dateOf,
        scales: { x: { time: true }, y: scaleOf(lines, false, this.isLog, this.fixed), r: scaleOf(lines, true) },
        axes: axesOf(lines),
        series: [{}, ...series.flat()],
        bands,
        cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "page" } },
        hooks: {
          setSelect: [(/** @type {any} */ plot) => this.select(plot)],
          drawClear: [(/** @type {any} */ plot) => this.shade(plot)],
          draw: [(/** @type {any} */ plot) => drawThresholds(plot, this.options.thresholds ?? [])],
          setCursor: [(/** @type {any} */ plot) => this.point(plot)],
        },
      },
      data,
      this.root,
    );
    this.plot.over.addEventListener("dblclick", () => this.options.onSpan(() => null));
  }

  /** @param {any[][]} tables @returns {any[]} what is filled between the extremes of bins */
  bands(tables) {
    const ofBins = this.at.filter((_, i) => tables[i].length > 2);
    return ofBins.map((at) => ({ series: /** @type {[number, number]} */ ([at + 2, at + 1]), fill: token("--band") }));
  }

  /** @param {any} plot */
  shade(plot) {
    const { losses = [], marks = [], offline = [], notes = [], alarms = [] } = this.options;
    shadeLosses(plot, notes, token("--note-span"));
    shadeLosses(plot, offline, token("--offline-span"));
    shadeLosses(plot, alarms, token("--alarm-span"));
    shadeLosses(plot, [...losses, ...this.gaps], token("--loss"));
    shadeLosses(plot, marks, token("--mark"));
  }

  /** Show what was selected with the mouse. @param {any} plot */
  select(plot) {
    const { left, width } = plot.select;
    if (width < 3) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.options.onSpan(() => [from, to]);
  }

  /** @param {any} plot */
  point(plot) {
    const { idx, left } = plot.cursor;
    const off = idx === null || idx === undefined || left < 0;
    const values = off ? null : valuesAt(this.joined, this.at, idx);
    // With more lines nobody could tell whose they are; their legend says it.
    const few = (values ?? []).slice(0, this.at.length > 2 ? 0 : 2).map((value, i) => this.wordsOf(value, i));
    this.readout.textContent = values ? [formatTime(plot.data[0][idx]), ...few].join("   ") : "";
    this.options.onCursor?.(values);
  }

  /** @param {number|null} value @param {number} i of the line @returns {string} */
  wordsOf(value, i) {
    const boolean = this.options.lines[i]?.kind === "boolean" && value !== null;
    return formatValue(boolean ? value === 1 : value);
  }

  /** Make the left axis logarithmic, or plain again. @returns {boolean} whether it is now */
  toggleScale() {
    this.isLog = !this.isLog;
    this.shape = "";
    return this.isLog;
  }

  /** Keep the left axis as it is now, or let it follow the values again. @returns {boolean} whether it is fixed now */
  toggleFixed() {
    const { min, max } = this.plot?.scales.y ?? {};
    this.fixed = this.fixed || !Number.isFinite(min) || !Number.isFinite(max) ? null : [min, max];
    this.shape = "";
    return this.fixed !== null;
  }

  /** Take the colours of the scheme that holds now, at the next `draw`. */
  restyle() {
    this.shape = "";
  }
}

/** @param {Line} line @param {boolean} band @param {boolean} filled down to what is below @returns {any[]} what uPlot draws for a line */
function seriesOf(line, band, filled) {
  const scale = line.right ? "r" : "y";
  const paths = line.kind === "boolean" ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const dash = line.dashed ? { dash: [6, 4] } : {};
  const none = { scale, stroke: "transparent", points: { show: false } };
  const shown = { label: line.label, scale, stroke: token(line.colour), width: 1.75, paths, points: { size: 4, filter: pointsOf }, ...dash, ...(filled ? { fill: `${token(line.colour)}55` } : {}) };
  return band ? [shown, none, none] : [shown];
}

/**
 * @param {any} plot @param {number} i of the line @param {boolean} show whether there is room for all
 * @returns {number[]|null} the points to draw: all, or those that no line would show
 */
function pointsOf(plot, i, show) {
  return show ? null : alone(plot.data[i]);
}

/** @param {number} ms @returns {Date} whose local parts are those of the zone that times are shown in */
function dateOf(ms) {
  const zone = chosenZone();
  return zone ? uPlot.tzDate(new Date(ms), zone) : new Date(ms);
}
