// The hours of the last days as colours: a column for each day, a row for each hour.

import { CalendarSums, fillTable } from "../charts/calendar-sums.js";
import { FlatCanvas } from "../charts/flat-canvas.js";
import { formatTime, formatValue } from "../display/format.js";
import { token } from "../charts/theme.js";

/** @typedef {import("./widget-context.js").Place} Place */
/** @typedef {import("../charts/calendar-sums.js").Sum} Sum */
/** @typedef {{ day: string, hour: number, value: number }} Cell */

const HOURS = 24;
const [LEFT, BELOW] = [44, 18];

/** @param {Sum[]} sums @returns {{ days: string[], cells: Cell[] }} by the page's calendar */
export function cellsOf(sums) {
  const cells = sums.flatMap(({ start, value }) => {
    const time = formatTime(start);
    return value === null ? [] : [{ day: time.slice(0, 10), hour: Number(time.slice(11, 13)), value }];
  });
  const days = [...new Set(sums.map(({ start }) => formatTime(start).slice(0, 10)))];
  return { days, cells };
}

/** @param {Place} place */
export function mount(place) {
  const { of, days } = place.options;
  const canvas = new FlatCanvas(place.canvas, () => show());
  const sums = new CalendarSums(place, { of, bucket: "hour", count: days * HOURS }, () => show());
  const show = () => {
    const found = cellsOf(sums.sums);
    paint(canvas, found);
    table(place, found);
  };
  const timer = setInterval(() => sums.refresh(), 60_000);
  return {
    draw() {
      sums.refresh();
      show();
    },
    restyle: show,
    disconnect() {
      clearInterval(timer);
      canvas.disconnect();
    },
  };
}

/** @param {FlatCanvas} canvas @param {{ days: string[], cells: Cell[] }} found */
function paint(canvas, { days, cells }) {
  const { ctx, width, height } = canvas.clean();
  if (!cells.length) return;
  const values = cells.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [w, h] = [(width - LEFT) / days.length, (height - BELOW) / HOURS];
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const hour of [0, 6, 12, 18]) ctx.fillText(`${hour}:00`, LEFT - 4, (hour + 0.5) * h);
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  const every = Math.ceil(44 / w);
  days.forEach((day, n) => n % every === 0 && ctx.fillText(day.slice(5), LEFT + (n + 0.5) * w, height));
  ctx.fillStyle = token("--line-1");
  for (const { day, hour, value } of cells) {
    // The least is to be seen, too.
    ctx.globalAlpha = 0.08 + 0.92 * (most > least ? (value - least) / (most - least) : 1);
    ctx.fillRect(LEFT + days.indexOf(day) * w, hour * h, Math.max(1, w - 1), Math.max(1, h - 1));
  }
  ctx.globalAlpha = 1;
}

/** @param {Place} place @param {{ days: string[], cells: Cell[] }} found */
function table(place, { days, cells }) {
  const by = new Map(cells.map(({ day, hour, value }) => [`${day} ${hour}`, value]));
  const rows = Array.from({ length: HOURS }, (_all, hour) => [
    `${hour}:00`,
    ...days.map((day) => {
      const value = by.get(`${day} ${hour}`);
      return value === undefined ? "" : formatValue(Number(value.toPrecision(4)));
    }),
  ]);
  fillTable(place.root.querySelector("[data-rows]"), ["", ...days.map((day) => day.slice(5))], rows);
}
