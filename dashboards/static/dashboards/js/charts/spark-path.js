// A line without axes: how a value came to be what it is.

import { number } from "./plot-data.js";

export const [WIDTH, HEIGHT] = [100, 30];
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {{ ts: number[], value: any[] }} columns @param {[number, number]} span
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

/** @param {HTMLElement} root to draw in @returns {SVGPathElement} the line */
export function sparkIn(root) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.append(path);
  root.append(svg);
  return path;
}
