// One row of states, drawn on a canvas: what was on, open or running when.

import { lookOf, token } from "./theme.js";
import { segments } from "./state-segments.js";
import { formatValue } from "../display/format.js";
import { gettext } from "../display/i18n.js";

export const ROW = 28;
const SPACE = 6;

/**
 * Make a canvas fill its box, empty, for CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {HTMLElement} box
 */
export function prepared(canvas, box) {
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
 * @param {CanvasRenderingContext2D} ctx @param {import("./plot-data.js").Part} part
 * @param {{ span: [number, number], width: number, row: number }} where
 * @param {Colours} colours
 */
export function drawStates(ctx, part, { span: [from, to], width, row }, colours) {
  const top = row * ROW + SPACE / 2;
  const x = (/** @type {number} */ ts) => ((Math.min(to, Math.max(from, ts)) - from) / (to - from)) * width;
  for (const { start, end, value, mixed } of segments(part, to)) {
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
export class Colours {
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
