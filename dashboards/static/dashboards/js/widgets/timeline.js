// What was on, open or running when: a row of segments for each series, drawn on a canvas.

import { lookOf, token } from "../charts/theme.js";
import { formatValue } from "../display/format.js";
import { listen } from "../charts/gestures.js";
import { tableBelow } from "../charts/values-table.js";
import { segments } from "../charts/state-segments.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */

const ROW = 28;
const SPACE = 6;

/** @param {Place} place */
export function mount(place) {
  const canvas = document.createElement("canvas");
  place.canvas.append(canvas);
  place.canvas.style.height = `${place.keys.length * ROW}px`;
  listen(place.canvas, () => place.span, (change) => place.onSpan(change));
  const draw = () => {
    const ctx = prepared(canvas, place.canvas);
    const colours = new Colours();
    place.keys.forEach((key, row) => drawRow(ctx, place, key, row, colours));
    drawTable();
  };
  const resizer = new ResizeObserver(draw);
  resizer.observe(place.canvas);
  const drawTable = tableBelow(place, draw);
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
 * @param {Colours} colours
 */
function drawRow(ctx, place, key, row, colours) {
  const [from, to] = place.span;
  const width = place.canvas.clientWidth;
  const top = row * ROW + SPACE / 2;
  const x = (/** @type {number} */ ts) => ((Math.min(to, Math.max(from, ts)) - from) / (to - from)) * width;
  for (const { start, end, value, mixed } of segments(place.part(key), to)) {
    if (end < from || start > to) continue;
    const words = mixed ? gettext("changing") : formatValue(value);
    const { fill, ink } = colours.of(words);
    const [left, right] = [x(start), Math.max(x(end), x(start) + 1)];
    ctx.fillStyle = fill;
    ctx.fillRect(left, top, right - left, ROW - SPACE);
    if (ctx.measureText(words).width + 8 > right - left) continue;
    ctx.fillStyle = ink;
    ctx.fillText(words, left + 4, top + (ROW - SPACE) / 2);
  }
}

/** Which state has which colour, in the order they are met: the same in every row of a drawing. */
class Colours {
  constructor() {
    /** @type {string} */
    this.ink = token("--accent-ink");
    /** @type {Map<string, { fill: string, ink: string }>} */
    this.known = new Map([[formatValue(false), { fill: token("--line"), ink: token("--ink") }]]);
    this.of(formatValue(true));
  }

  /** @param {string} words @returns {{ fill: string, ink: string }} */
  of(words) {
    const known = this.known.get(words);
    if (known) return known;
    const made = { fill: token(lookOf(this.known.size - 1).colour), ink: this.ink };
    this.known.set(words, made);
    return made;
  }
}
