// One uPlot per series: made once, fed with columns, drawn only while visible.

import uPlot from "./vendor/uPlot/uPlot.esm.js";
import { now } from "./clock.js";
import { chosenZone, formatTime } from "./format.js";
import { lostBetween, shadeLosses } from "./losses.js";

/** @typedef {import("./store.js").Columns} Columns */

/**
 * Return uPlot's data, with a break where readings are missing.
 * @param {Columns} columns
 * @param {number} binMs
 * @param {import("./losses.js").Span[]} losses
 * @returns {any[]} [ts, value] or [ts, value, min, max]
 */
export function plotData(columns, binMs, losses = []) {
  const { ts, value, min, max } = columns;
  const gap = 2.5 * Math.max(binMs, medianStep(ts));
  /** @type {any[][]} */
  const data = binMs ? [[], [], [], []] : [[], []];
  for (let i = 0; i < ts.length; i += 1) {
    const far = i > 0 && gap > 0 && ts[i] - ts[i - 1] > gap;
    const lost = i > 0 && losses.length > 0 && lostBetween(losses, ts[i - 1], ts[i]);
    if (far || lost) push(data, (ts[i - 1] + ts[i]) / 2, null, null, null);
    push(data, ts[i], number(value[i]), min[i], max[i]);
  }
  return data;
}

/** @param {any[][]} data @param {number} ts @param {any} value @param {any} min @param {any} max */
function push(data, ts, value, min, max) {
  data[0].push(ts);
  data[1].push(value);
  if (data.length > 2) {
    data[2].push(min);
    data[3].push(max);
  }
}

/** @param {any} value */
function number(value) {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" ? value : null;
}

/** @param {number[]} ts */
function medianStep(ts) {
  if (ts.length < 3) return 0;
  const steps = [];
  for (let i = 1; i < ts.length; i += Math.ceil(ts.length / 200)) steps.push(ts[i] - ts[i - 1]);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)];
}

/** @param {string|undefined} zone @param {number} ms @returns {Date} whose local parts are the zone's */
function dateIn(zone, ms) {
  return zone ? uPlot.tzDate(new Date(ms), zone) : new Date(ms);
}

/** @param {string} name */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class Chart {
  /**
   * @param {HTMLElement} root the element to draw in
   * @param {{ spanMs: number, kind: string, label: string, losses: import("./losses.js").Span[], marks: import("./losses.js").Span[], offline: import("./losses.js").Span[], onSpan: (change: (span: [number, number]) => [number, number]|null) => void, onVisible: () => void }} options
   */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    this.visible = true;
    /** What is shown, in ms. @type {[number, number]} */
    this.span = [0, 1];
    /** What could not be delivered. @type {import("./losses.js").Span[]} */
    this.gaps = [];
    /** @type {any} */
    this.plot = null;
    this.shape = 0;
    this.empty = document.createElement("div");
    this.empty.className = "empty";
    this.observer = new IntersectionObserver(([entry]) => this.show(entry.isIntersecting));
    this.resizer = new ResizeObserver(() => this.plot?.setSize(this.size()));
  }

  connect() {
    this.observer.observe(this.root);
    this.resizer.observe(this.root);
    this.root.append(this.empty);
  }

  /** A chart that comes into view shows what came meanwhile. @param {boolean} visible */
  show(visible) {
    if (visible && !this.visible) this.options.onVisible();
    this.visible = visible;
  }

  disconnect() {
    this.observer.disconnect();
    this.resizer.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  size() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  /**
   * @param {Columns} columns
   * @param {number} binMs
   * @param {[number, number]|null} fixed a span to show instead of the last `spanMs`
   */
  draw(columns, binMs, fixed = null) {
    if (!this.visible && this.plot) return;
    const { losses, marks } = this.options;
    const data = plotData(columns, binMs, [...losses, ...this.gaps, ...marks]);
    if (!this.plot || this.shape !== data.length) this.make(data);
    else this.plot.setData(data, false);
    const end = now();
    const [from, to] = fixed ?? [end - this.options.spanMs, end];
    const shown = columns.ts.length > 0 && columns.ts[columns.ts.length - 1] >= from;
    this.empty.textContent = shown ? "" : "No readings in this time range.";
    this.span = [from, to];
    this.plot.setScale("x", { min: from, max: to });
  }

  /** @param {any[]} data */
  make(data) {
    this.plot?.destroy();
    this.shape = data.length;
    const ink = token("--quiet");
    const line = token("--line");
    const accent = token("--accent");
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const boolean = this.options.kind === "boolean";
    const path = boolean ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    const none = { stroke: "transparent", points: { show: false } };
    this.plot = new uPlot(
      {
        ...this.size(),
        ms: 1,
        tzDate: (/** @type {number} */ ms) => dateIn(chosenZone(), ms),
        scales: { x: { time: true }, y: boolean ? { range: [-0.1, 1.1] } : {} },
        axes: [{ ...axis, values: timeLabels }, { ...axis, size: 64, ...(boolean ? { values: onOff } : {}) }],
        series: [
          {},
          { label: this.options.label, stroke: accent, width: 1.75, paths: path, points: { size: 4 } },
          ...(data.length > 2 ? [none, none] : []),
        ],
        bands: data.length > 2 ? [{ series: [3, 2], fill: token("--band") }] : [],
        cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "page" } },
        hooks: {
          setSelect: [(/** @type {any} */ plot) => this.select(plot)],
          drawClear: [(/** @type {any} */ plot) => this.shade(plot)],
        },
      },
      data,
      this.root,
    );
    this.plot.over.addEventListener("dblclick", () => this.options.onSpan(() => null));
  }

  /** @param {any} plot */
  shade(plot) {
    shadeLosses(plot, this.options.offline, token("--offline-span"));
    shadeLosses(plot, [...this.options.losses, ...this.gaps], token("--loss"));
    shadeLosses(plot, this.options.marks, token("--mark"));
  }

  /** Show what was selected with the mouse. @param {any} plot */
  select(plot) {
    const { left, width } = plot.select;
    if (width < 3) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.options.onSpan(() => [from, to]);
  }

  /** Take the colours of the scheme that holds now. */
  restyle() {
    if (this.plot) this.make(this.plot.data);
  }
}

/**
 * Labels of the time axis: the date where a day begins, else hours and minutes.
 * @param {any} _plot @param {number[]} splits @param {number} _axis @param {number} _space @param {number} step
 */
function timeLabels(_plot, splits, _axis, _space, step) {
  return splits.map((ms, i) => {
    const [day, time] = formatTime(ms).split(" ");
    const date = day.slice(5);
    if (step >= 86_400_000) return date;
    const clock = step < 60_000 ? time.slice(0, 8) : time.slice(0, 5);
    const newDay = i === 0 || formatTime(splits[i - 1]).slice(0, 10) !== day;
    return newDay ? `${clock}\n${date}` : clock;
  });
}

/** @param {any} _plot @param {number[]} splits */
function onOff(_plot, splits) {
  return splits.map((split) => (split === 0 ? "off" : split === 1 ? "on" : ""));
}
