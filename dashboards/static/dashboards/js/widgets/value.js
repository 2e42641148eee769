// A newest value in large letters (the server wrote it, the board keeps it), and the line to it.

import { number } from "../charts/plot-data.js";
import { tellThreshold } from "../charts/thresholds.js";

/** @typedef {import("./widget-context.js").Place} Place */

const [WIDTH, HEIGHT] = [100, 30];

/**
 * @param {import("../live/columns.js").Columns} columns @param {[number, number]} span
 * @returns {string} an SVG path, as high as the values go
 */
export function sparkPath({ ts, value }, [from, to]) {
  const points = ts.map((t, i) => ({ t, v: number(value[i]) })).filter(({ t, v }) => v !== null && t >= from && t <= to);
  const values = points.map(({ v }) => /** @type {number} */ (v));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (/** @type {number} */ v) => (high > low ? HEIGHT - 1 - ((v - low) / (high - low)) * (HEIGHT - 2) : HEIGHT / 2);
  return points
    .map(({ t, v }, i) => `${i ? "L" : "M"}${(((t - from) / (to - from)) * WIDTH).toFixed(2)} ${y(/** @type {number} */ (v)).toFixed(2)}`)
    .join("");
}

/** @param {Place} place */
export function mount(place) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.append(path);
  place.canvas.append(svg);
  return {
    draw() {
      path.setAttribute("d", sparkPath(place.part(place.options.key).columns, place.span));
      tellThreshold(place);
    },
  };
}
