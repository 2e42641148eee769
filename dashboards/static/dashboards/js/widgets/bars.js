// What each hour, day, week or month came to, as bars; the period before behind them.

import { CalendarSums, fillTable } from "../charts/calendar-sums.js";
import { FlatCanvas, ticks } from "../charts/flat-canvas.js";
import { formatTime, formatValue } from "../display/format.js";
import { token } from "../charts/theme.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */
/** @typedef {import("../charts/calendar-sums.js").Sum} Sum */

const [LEFT, RIGHT, BELOW, ABOVE] = [52, 14, 20, 20];
const DIGITS = 4;

/** @param {number|null} value */
const words = (value) => (value === null ? "–" : formatValue(Number(value.toPrecision(DIGITS))));

/**
 * @param {Sum[]} sums @param {number} count @param {boolean} compare
 * @returns {{ now: Sum[], before: (Sum|null)[] }} the newest, and those of the period before
 */
export function periods(sums, count, compare) {
  const now = sums.slice(-count);
  const older = sums.slice(0, -count);
  const before = now.map((_sum, n) => (compare ? older.at(n - now.length) ?? null : null));
  return { now, before };
}

/** @param {(number|null)[]} values @returns {number} of what is there; a mean of means for one */
export function total(values) {
  return values.reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
}

/** @param {Place} place */
export function mount(place) {
  const { of, bucket, count, compare } = place.options;
  const draw = () => {
    sums.refresh();
    show();
  };
  const canvas = new FlatCanvas(place.canvas, () => show());
  const sums = new CalendarSums(place, { of, bucket, count: compare ? 2 * count : count }, () => show());
  const show = () => {
    const { now, before } = periods(sums.sums, count, compare);
    paint(canvas, now, before, bucket, place.newest(place.options.key)?.unit ?? "");
    tell(place, now, before, bucket);
  };
  // Sums change with the calendar, too.
  const timer = setInterval(() => sums.refresh(), 60_000);
  return {
    draw,
    restyle: show,
    disconnect() {
      clearInterval(timer);
      canvas.disconnect();
    },
  };
}

/** @param {number} start @param {string} bucket */
function label(start, bucket) {
  const time = formatTime(start);
  return bucket === "hour" ? time.slice(11, 16) : bucket === "month" ? time.slice(0, 7) : time.slice(5, 10);
}

/** @param {FlatCanvas} canvas @param {Sum[]} now @param {(Sum|null)[]} before @param {string} bucket @param {string} unit */
function paint(canvas, now, before, bucket, unit) {
  const { ctx, width, height } = canvas.clean();
  const values = [...now, ...before].flatMap((sum) => (sum?.value === null || sum === null ? [] : [sum.value]));
  if (!values.length) return;
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values) || 1];
  const y = (/** @type {number} */ value) => ABOVE + (1 - (value - least) / (most - least)) * (height - ABOVE - BELOW);
  ctx.strokeStyle = token("--line");
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const tick of ticks(least, most)) {
    ctx.strokeRect(LEFT, Math.round(y(tick)) + 0.5, width - LEFT, 0);
    ctx.fillText(formatValue(tick), LEFT - 6, y(tick));
  }
  ctx.textBaseline = "top";
  ctx.fillText(unit, LEFT - 6, 0);
  const step = (width - LEFT - RIGHT) / now.length;
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  const every = Math.ceil(48 / step);
  now.forEach((sum, n) => {
    const x = LEFT + n * step;
    bar(ctx, before[n]?.value ?? null, x + step * 0.04, step * 0.92, y, token("--line"));
    bar(ctx, sum.value, x + step * 0.16, step * 0.68, y, token("--line-1"));
    ctx.fillStyle = token("--quiet");
    if ((now.length - 1 - n) % every === 0) ctx.fillText(label(sum.start, bucket), x + step / 2, height);
  });
}

/** @param {CanvasRenderingContext2D} ctx @param {number|null} value @param {number} x @param {number} width @param {(value: number) => number} y @param {string} colour */
function bar(ctx, value, x, width, y, colour) {
  if (value === null) return;
  ctx.fillStyle = colour;
  ctx.fillRect(x, Math.min(y(0), y(value)), Math.max(1, width), Math.max(1, Math.abs(y(0) - y(value))));
}

/** @param {Place} place @param {Sum[]} now @param {(Sum|null)[]} before @param {string} bucket */
function tell(place, now, before, bucket) {
  const unit = place.newest(place.options.key)?.unit ?? "";
  const told = /** @type {HTMLElement|null} */ (place.root.querySelector("[data-sum]"));
  const hasBefore = before.some((sum) => sum !== null);
  if (told && place.options.of === "increase") {
    const text = { sum: words(total(now.map((sum) => sum.value))), unit, before: words(total(before.map((sum) => sum?.value ?? null))) };
    told.textContent = filled(hasBefore ? gettext("%(sum)s %(unit)s in all, %(before)s %(unit)s the period before") : gettext("%(sum)s %(unit)s in all"), text);
  }
  const head = [gettext("From"), unit ? `${place.options.of} (${unit})` : place.options.of, ...(hasBefore ? [gettext("The period before")] : [])];
  const rows = now.map((sum, n) => [label(sum.start, bucket), words(sum.value), ...(hasBefore ? [words(before[n]?.value ?? null)] : [])]);
  fillTable(place.root.querySelector("[data-rows]"), head, rows.reverse());
}
