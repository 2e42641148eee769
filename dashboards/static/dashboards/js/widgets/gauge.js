// Where a value is between the least and the most it can be, as an arc and for screen readers.

import { decimalsFor, formatValue } from "../display/format.js";
import { number } from "../charts/plot-data.js";
import { tellThreshold } from "../charts/thresholds.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */

const SVG = "http://www.w3.org/2000/svg";
// Half a circle around (50, 50).
const ARC = "M10 50 A40 40 0 0 1 90 50";

/**
 * @param {number|null} value @param {number} least @param {number} most
 * @returns {number} 0 to 1, how far along the scale it is
 */
export function shareOf(value, least, most) {
  if (value === null) return 0;
  return Math.min(1, Math.max(0, (value - least) / (most - least)));
}

/** @param {Place} place */
export function mount(place) {
  const { key, minimum, maximum } = place.options;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 56");
  svg.setAttribute("aria-hidden", "true");
  const [scale, arc] = ["scale", "arc"].map((name) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", ARC);
    path.setAttribute("pathLength", "100");
    svg.append(path);
    return path;
  });
  scale.setAttribute("stroke-dasharray", "100 100");
  place.canvas.append(svg);
  const meter = place.canvas;
  meter.setAttribute("role", "meter");
  meter.setAttribute("aria-label", place.names[key] ?? key);
  return {
    draw() {
      const newest = place.newest(key);
      const value = newest ? number(newest.value) : null;
      const [least, most] = [place.limit(key, minimum), place.limit(key, maximum)];
      arc.setAttribute("stroke-dasharray", `${100 * shareOf(value, least, most)} 100`);
      meter.setAttribute("aria-valuemin", String(least));
      meter.setAttribute("aria-valuemax", String(most));
      meter.setAttribute("aria-valuenow", String(value ?? least));
      meter.setAttribute("aria-valuetext", newest ? `${formatValue(newest.value, decimalsFor(newest.value, newest))} ${newest.unit}`.trim() : gettext("no data yet"));
      tellThreshold(place);
    },
  };
}
