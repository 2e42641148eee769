// Values from which on something is to be looked at: as lines on charts, as words beside values.

import { token } from "./theme.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {{ value: number, level: "warn"|"bad", above: boolean, label: string }} Threshold */

/**
 * @param {Threshold[]} thresholds @param {any} value
 * @returns {Threshold|null} the worst one that `value` has reached
 */
export function reached(thresholds, value) {
  if (typeof value !== "number") return null;
  const hit = thresholds.filter(({ value: limit, above }) => (above ? value >= limit : value <= limit));
  return hit.find(({ level }) => level === "bad") ?? hit[0] ?? null;
}

/** @param {Threshold|null} threshold @returns {string} in words, "" for none */
export function thresholdWords(threshold) {
  if (!threshold) return "";
  return threshold.label || filled(threshold.above ? gettext("at or above %(n)s") : gettext("at or below %(n)s"), { n: threshold.value });
}

/** @param {any} plot uPlot @param {Threshold[]} thresholds of the left axis */
export function drawThresholds(plot, thresholds) {
  if (thresholds.length === 0) return;
  const { left, width, top, height } = plot.bbox;
  const { ctx } = plot;
  ctx.save();
  ctx.setLineDash([8, 4]);
  for (const { value, level, label } of thresholds) {
    const y = plot.valToPos(value, "y", true);
    if (y < top || y > top + height) continue;
    ctx.strokeStyle = ctx.fillStyle = token(level === "bad" ? "--offline" : "--stale");
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    if (label) ctx.fillText(label, left + 4, y - 4);
  }
  ctx.restore();
}

/** Say beside the value which threshold it has reached. @param {import("../widgets/widget-context.js").Place} place */
export function tellThreshold(place) {
  const { key } = place.options;
  const hit = reached(place.thresholds(key), place.newest(key)?.value);
  place.root.dataset.level = hit?.level ?? "";
  const note = /** @type {HTMLElement|null} */ (place.root.querySelector("[data-threshold]"));
  if (!note) return;
  const words = thresholdWords(hit);
  if (note.textContent !== words) note.textContent = words;
}
