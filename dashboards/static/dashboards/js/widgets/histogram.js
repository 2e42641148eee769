// How often each range of values was measured, in the stretch of time that is shown.

import { FlatCanvas, ticks } from "../charts/flat-canvas.js";
import { fillTable } from "../charts/calendar-sums.js";
import { formatValue } from "../display/format.js";
import { lineAt } from "../charts/plot-data.js";
import { token } from "../charts/theme.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */
/** @typedef {{ from: number, to: number, share: number }} Range */

const [LEFT, BELOW, ABOVE] = [44, 20, 10];

/**
 * @param {number[]} values @param {number} bins
 * @returns {Range[]} ranges of the same width with the share of `values` in each, 0 to 1
 */
export function ranges(values, bins) {
  if (!values.length) return [];
  const least = values.reduce((one, other) => Math.min(one, other));
  const most = values.reduce((one, other) => Math.max(one, other));
  if (least === most) return [{ from: least, to: most, share: 1 }];
  const width = (most - least) / bins;
  const counts = new Array(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - least) / width))] += 1;
  return counts.map((count, n) => ({ from: least + n * width, to: least + (n + 1) * width, share: count / values.length }));
}

/** @param {Place} place */
export function mount(place) {
  const canvas = new FlatCanvas(place.canvas, () => draw());
  const draw = () => {
    const { columns } = place.part(place.options.key);
    const values = columns.ts.map((_ts, i) => lineAt(columns, i)).filter((value) => value !== null);
    const found = ranges(values, place.options.bins);
    paint(canvas, found);
    const unit = place.newest(place.options.key)?.unit ?? "";
    const rows = found.map(({ from, to, share }) => [`${filled(gettext("%(from)s to %(to)s"), { from: short(from), to: short(to) })} ${unit}`, `${formatValue(Number((share * 100).toFixed(1)))} %`]);
    fillTable(place.root.querySelector("[data-rows]"), [gettext("Values"), gettext("Share")], rows);
  };
  return { draw, restyle: draw, disconnect: () => canvas.disconnect() };
}

/** @param {number} value */
const short = (value) => formatValue(Number(value.toPrecision(4)));

/** @param {FlatCanvas} canvas @param {Range[]} found */
function paint(canvas, found) {
  const { ctx, width, height } = canvas.clean();
  if (!found.length) return;
  const most = Math.max(...found.map(({ share }) => share));
  const [least, end] = [found[0].from, found[found.length - 1].to];
  const y = (/** @type {number} */ share) => ABOVE + (1 - share / most) * (height - BELOW - ABOVE);
  ctx.strokeStyle = token("--line");
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const tick of ticks(0, most * 100, 3)) {
    ctx.strokeRect(LEFT, Math.round(y(tick / 100)) + 0.5, width - LEFT, 0);
    ctx.fillText(`${formatValue(tick)} %`, LEFT - 6, y(tick / 100));
  }
  const step = (width - LEFT) / found.length;
  ctx.fillStyle = token("--line-1");
  found.forEach(({ share }, n) => ctx.fillRect(LEFT + n * step, y(share), Math.max(1, step - 1), height - BELOW - y(share)));
  ctx.fillStyle = token("--quiet");
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const tick of ticks(least, end, Math.max(2, Math.floor(width / 90)))) {
    const at = end > least ? (tick - least) / (end - least) : 0.5;
    ctx.fillText(formatValue(tick), LEFT + at * (width - LEFT), height);
  }
}
