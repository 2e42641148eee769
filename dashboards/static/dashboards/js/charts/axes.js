// The axes of a chart.

import { formatTime, formatValue } from "../display/format.js";
import { token } from "./theme.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./chart.js").Line} Line */

/**
 * @param {Line[]} lines @param {boolean} right @param {boolean} [isLog] @param {[number, number]|null} [fixed] where it begins and ends
 * @returns {any}
 */
export function scaleOf(lines, right, isLog = false, fixed = null) {
  const on = lines.filter((line) => !!line.right === right);
  if (on.length > 0 && on.every((line) => line.kind === "boolean")) return { range: [-0.1, 1.1] };
  // Symmetric about zero: what is negative is drawn, too.
  return { ...(isLog ? { distr: 4, asinh: 0.01 } : {}), ...(fixed ? { range: fixed } : {}) };
}

/** @param {Line[]} lines */
export function axesOf(lines) {
  const colours = { grid: token("--line"), ink: token("--quiet") };
  const axis = { stroke: colours.ink, grid: { stroke: colours.grid, width: 1 }, ticks: { stroke: colours.grid, width: 1 } };
  const words = (/** @type {boolean} */ right) => ({ values: "range" in scaleOf(lines, right) ? onOff : numbers });
  const left = { ...axis, scale: "y", size: 64, ...words(false) };
  const second = { ...axis, scale: "r", side: 1, size: 64, ...words(true), grid: { show: false } };
  return [{ ...axis, values: timeLabels }, left, ...(lines.some((line) => line.right) ? [second] : [])];
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
  return splits.map((split) => (split === 0 ? gettext("off") : split === 1 ? gettext("on") : ""));
}

/** Numbers as everywhere on the page. @param {any} _plot @param {number[]} splits */
function numbers(_plot, splits) {
  return splits.map((split) => (split === null ? "" : formatValue(split)));
}
