// What was on, open or running when: a row of segments for each series, drawn on a canvas.

import { token } from "../axes.js";
import { formatValue } from "../format.js";
import { listen } from "../gestures.js";
import { drawRows, makeHead } from "../valuestable.js";
import { segments } from "../segments.js";
import { lookOf } from "./lines.js";
import { gettext } from "../words.js";

/** @typedef {import("../place.js").Place} Place */

const ROW = 28;
const SPACE = 6;

/** @param {Place} place */
export function mount(place) {
  const canvas = document.createElement("canvas");
  place.canvas.append(canvas);
  place.canvas.style.height = `${place.keys.length * ROW}px`;
  listen(place.canvas, () => place.span, (change) => place.onSpan(change));
  const details = /** @type {HTMLDetailsElement|null} */ (place.root.querySelector("details"));
  const table = /** @type {HTMLTableElement|null} */ (place.root.querySelector("[data-table]"));
  const body = table ? makeHead(table, place.keys.map((key) => place.names[key])) : null;
  /** State -> its number, in the order they were met: so it has the same colour in every row. */
  const states = new Map([[formatValue(false), -1], [formatValue(true), 0]]);
  const draw = () => {
    const ctx = prepared(canvas, place.canvas);
    place.keys.forEach((key, row) => drawRow(ctx, place, key, row, states));
    if (body && details?.open) drawRows(body, place.keys.map((key) => place.part(key)));
  };
  const resizer = new ResizeObserver(draw);
  resizer.observe(place.canvas);
  details?.addEventListener("toggle", draw);
  return { draw, restyle: draw, disconnect: () => resizer.disconnect() };
}

/** @param {HTMLCanvasElement} canvas @param {HTMLElement} box */
function prepared(canvas, box) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [Math.round(box.clientWidth * scale), Math.round(box.clientHeight * scale)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, box.clientWidth, box.clientHeight);
  ctx.font = "12px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  return ctx;
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {Place} place @param {string} key @param {number} row
 * @param {Map<string, number>} states
 */
function drawRow(ctx, place, key, row, states) {
  const [from, to] = place.span;
  const width = place.canvas.clientWidth;
  const top = row * ROW + SPACE / 2;
  const x = (/** @type {number} */ ts) => ((Math.min(to, Math.max(from, ts)) - from) / (to - from)) * width;
  for (const { start, end, value, mixed } of segments(place.part(key), to)) {
    if (end < from || start > to) continue;
    const words = mixed ? gettext("changing") : formatValue(value);
    if (!states.has(words)) states.set(words, states.size);
    const n = states.get(words) ?? 0;
    const [left, right] = [x(start), Math.max(x(end), x(start) + 1)];
    ctx.fillStyle = n < 0 ? token("--line") : token(lookOf(n).colour);
    ctx.fillRect(left, top, right - left, ROW - SPACE);
    if (ctx.measureText(words).width + 8 > right - left) continue;
    ctx.fillStyle = n < 0 ? token("--ink") : token("--accent-ink");
    ctx.fillText(words, left + 4, top + (ROW - SPACE) / 2);
  }
}
