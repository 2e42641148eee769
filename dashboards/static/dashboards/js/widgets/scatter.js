// One series against another: a point for each time that both are known.

import { FlatCanvas, ticks } from "../charts/flat-canvas.js";
import { fillTable } from "../charts/calendar-sums.js";
import { formatTime, formatValue } from "../display/format.js";
import { lineAt } from "../charts/plot-data.js";
import { token } from "../charts/theme.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */
/** @typedef {import("../charts/plot-data.js").Part} Part */
/** @typedef {{ ts: number, x: number, y: number }} Point */

const [LEFT, BELOW, RIGHT, ABOVE] = [52, 22, 10, 8];
const ROWS = 200;
// A value is taken for one of the same time if it is no older than so many of its own steps.
const STEPS = 2.5;

/**
 * @param {Part} part @param {Part} other
 * @returns {Point[]} each value of `part` with the newest of `other` at or before it
 */
export function pairs({ columns: one }, { columns: two, binMs }) {
  const steps = two.ts.slice(1).map((ts, i) => ts - two.ts[i]).sort((a, b) => a - b);
  const oldest = STEPS * Math.max(binMs, steps[steps.length >> 1] ?? Infinity);
  /** @type {Point[]} */
  const found = [];
  let at = -1;
  for (let i = 0; i < one.ts.length; i += 1) {
    while (at + 1 < two.ts.length && two.ts[at + 1] <= one.ts[i]) at += 1;
    const [x, y] = [lineAt(one, i), at >= 0 ? lineAt(two, at) : null];
    if (x === null || y === null || one.ts[i] - two.ts[at] > oldest) continue;
    found.push({ ts: one.ts[i], x, y });
  }
  return found;
}

/** @param {Place} place */
export function mount(place) {
  const { key, against } = place.options;
  const canvas = new FlatCanvas(place.canvas, () => draw());
  const name = (/** @type {string} */ one) => [place.names[one] ?? one, place.newest(one)?.unit].filter(Boolean).join(" ");
  const draw = () => {
    const points = pairs(place.part(key), place.part(against));
    paint(canvas, points, name(key), name(against));
    const rows = points.slice(-ROWS).reverse();
    fillTable(place.root.querySelector("[data-rows]"), [gettext("Time"), name(key), name(against)], rows.map(({ ts, x, y }) => [formatTime(ts), formatValue(x), formatValue(y)]));
  };
  return { draw, restyle: draw, disconnect: () => canvas.disconnect() };
}

/** @param {FlatCanvas} canvas @param {Point[]} points @param {string} across @param {string} up */
function paint(canvas, points, across, up) {
  const { ctx, width, height } = canvas.clean();
  if (!points.length) return;
  const [xs, ys] = [scale(points.map(({ x }) => x)), scale(points.map(({ y }) => y))];
  const x = (/** @type {number} */ value) => LEFT + ((value - xs[0]) / (xs[1] - xs[0])) * (width - LEFT - RIGHT);
  const y = (/** @type {number} */ value) => ABOVE + (1 - (value - ys[0]) / (ys[1] - ys[0])) * (height - ABOVE - BELOW);
  ctx.strokeStyle = token("--line");
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const tick of ticks(...ys)) {
    ctx.strokeRect(LEFT, Math.round(y(tick)) + 0.5, width - LEFT, 0);
    ctx.fillText(formatValue(tick), LEFT - 6, y(tick));
  }
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const tick of ticks(...xs, Math.max(2, Math.floor(width / 90)))) {
    ctx.strokeRect(Math.round(x(tick)) + 0.5, ABOVE, 0, height - ABOVE - BELOW);
    ctx.fillText(formatValue(tick), x(tick), height);
  }
  ctx.fillStyle = token("--line-1");
  ctx.globalAlpha = 0.55;
  for (const point of points) {
    ctx.beginPath();
    ctx.arc(x(point.x), y(point.y), 3, 0, 7);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = token("--ink");
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.fillText(`↑ ${up}`, LEFT + 4, ABOVE);
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  ctx.fillText(`${across} →`, width - RIGHT, height - BELOW - 2);
}

/** @param {number[]} values @returns {[number, number]} the ends of an axis */
function scale(values) {
  const least = values.reduce((one, other) => Math.min(one, other));
  const most = values.reduce((one, other) => Math.max(one, other));
  const room = (most - least) * 0.05 || Math.abs(least) * 0.05 || 1;
  return [least - room, most + room];
}
