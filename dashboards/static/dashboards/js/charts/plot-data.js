// Columns as uPlot wants them: with breaks where readings are missing, several on one time axis.

import { lostBetween } from "./annotations.js";

/** @typedef {import("../live/columns.js").Columns} Columns */
/** @typedef {import("./annotations.js").Span} Span */
/** @typedef {{ columns: Columns, binMs: number, gaps: Span[], known?: boolean }} Part what is known of one series; not `known`: nothing yet */

// A step is a gap when it is so much longer than those around it.
const FAR = 2.5;
// How many steps before and after tell what is usual: devices change how often they send.
const AROUND = 5;

/**
 * Return one series with a break where readings are missing: where nothing came for two and a
 * half times the usual step, and where something was lost.
 * @param {Columns} columns
 * @param {number} binMs
 * @param {Span[]} losses
 * @returns {any[][]} [ts, value] or [ts, value, min, max]
 */
export function plotData(columns, binMs, losses = []) {
  const { ts, min, max } = columns;
  let wasFar = false;
  /** @type {any[][]} */
  const data = binMs ? [[], [], [], []] : [[], []];
  for (let i = 0; i < ts.length; i += 1) {
    // Most steps are like the one before them, which is quickly seen.
    /** @type {boolean} */
    const alike = i > 1 && !wasFar && ts[i] - ts[i - 1] <= FAR * (ts[i - 1] - ts[i - 2]);
    /** @type {boolean} */
    const far = !alike && isFar(ts, i, binMs);
    wasFar = far;
    const lost = i > 0 && losses.length > 0 && lostBetween(losses, ts[i - 1], ts[i]);
    if (far || lost) push(data, (ts[i - 1] + ts[i]) / 2, null, null, null);
    push(data, ts[i], lineAt(columns, i), min[i], max[i]);
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

/**
 * @param {Columns} columns @param {number} i
 * @returns {number|null} where the line is: of a bin of numbers at their mean, else at the value
 */
export function lineAt({ value, mean }, i) {
  if (typeof value[i] === "boolean") return number(value[i]);
  return mean[i] ?? number(value[i]);
}

/** @param {any} value @returns {number|null} as it is drawn */
export function number(value) {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" ? value : null;
}

/**
 * @param {number[]} ts @param {number} i @param {number} binMs
 * @returns {boolean} whether something is missing before point `i`
 */
export function isFar(ts, i, binMs) {
  if (i < 1 || ts.length < 3) return false;
  const before = medianStep(ts, i - 1 - AROUND, i - 1);
  const after = medianStep(ts, i, i + AROUND);
  return ts[i] - ts[i - 1] > FAR * Math.max(binMs, before, after);
}

/** @param {number[]} ts @param {number} from @param {number} to @returns {number} in ms; 0: there is no step */
function medianStep(ts, from, to) {
  const steps = [];
  for (let i = Math.max(0, from); i < Math.min(to, ts.length - 1); i += 1) steps.push(ts[i + 1] - ts[i]);
  steps.sort((a, b) => a - b);
  return steps[steps.length >> 1] ?? 0;
}

/**
 * Return the points of a line that have no neighbour to be joined with. What the times of
 * other lines leave open (undefined) is passed over.
 * @param {(number|null|undefined)[]} values @returns {number[]} their indices
 */
export function alone(values) {
  /** @type {number[]} */
  const found = [];
  let last = -1;
  let joined = true;
  for (let i = 0; i <= values.length; i += 1) {
    const value = i < values.length ? values[i] : null;
    if (value === undefined) continue;
    if (value === null) {
      if (last >= 0 && !joined) found.push(last);
      last = -1;
    } else {
      joined = last >= 0;
      last = i;
    }
  }
  return found;
}

/**
 * Move columns in time: another day, laid over this one.
 * @param {Part} part @param {number} ms @returns {Part}
 */
export function shifted({ columns, binMs, gaps }, ms) {
  const moved = /** @type {Span[]} */ (gaps.map(([from, to]) => [from + ms, to + ms]));
  return { columns: { ...columns, ts: columns.ts.map((ts) => ts + ms) }, binMs, gaps: moved };
}

/**
 * Return the value of each line at the last point at or before `index`; uPlot leaves out what a
 * line has not at the times of others.
 * @param {any[][]} data joined @param {number[]} at where each line's values are in `data`
 * @param {number} index
 */
export function valuesAt(data, at, index) {
  return at.map((column) => {
    let i = index;
    while (i > 0 && data[column][i] === undefined) i -= 1;
    return data[column][i] ?? null;
  });
}
