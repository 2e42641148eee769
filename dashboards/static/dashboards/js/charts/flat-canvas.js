// A canvas that fills its box, as sharp as the screen is, drawn anew when the box changes.

import { token } from "./theme.js";

export class FlatCanvas {
  /** @param {HTMLElement} box @param {() => void} draw */
  constructor(box, draw) {
    this.box = box;
    this.canvas = document.createElement("canvas");
    box.append(this.canvas);
    this.resizer = new ResizeObserver(draw);
    this.resizer.observe(box);
  }

  /** @returns {{ ctx: CanvasRenderingContext2D, width: number, height: number }} empty, in CSS pixels */
  clean() {
    const scale = devicePixelRatio || 1;
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "12px system-ui, sans-serif";
    ctx.fillStyle = token("--quiet");
    return { ctx, width, height };
  }

  disconnect() {
    this.resizer.disconnect();
  }
}

/**
 * @param {number} least @param {number} most @param {number} [steps] about so many
 * @returns {number[]} round numbers from `least` to `most`
 */
export function ticks(least, most, steps = 4) {
  const rough = (most - least) / steps;
  if (!(rough > 0) || !Number.isFinite(rough)) return [least];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const found = [];
  for (let n = Math.ceil(least / step); n * step <= most + step / 1e6; n += 1) found.push(Number((n * step).toPrecision(12)));
  return found;
}
