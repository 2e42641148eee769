// What can be done with one chart: full screen, another axis, and what is seen as a file.

import { formatTime } from "../display/format.js";
import { closeMenu, listenToButton } from "../shell/side-bar.js";

/** @typedef {import("./plot-data.js").Part} Part */

/**
 * @param {Part} part @param {[number, number]} span @param {string} name of the series @param {string} unit
 * @returns {string} what is seen, as CSV: times in UTC, and extremes where there are bins
 */
export function csvOf({ columns, binMs }, [from, to], name, unit) {
  const value = unit ? `${name} (${unit})` : name;
  const head = binMs ? ["time", value, "min", "max", "mean"] : ["time", value];
  const lines = [head.map(quoted).join(",")];
  columns.ts.forEach((ts, i) => {
    if (ts < from || ts > to) return;
    const { min, max, mean } = columns;
    const cells = [columns.value[i], ...(binMs ? [min[i], max[i], mean[i]] : [])];
    lines.push([new Date(ts).toISOString(), ...cells.map((cell) => (cell === null ? "" : quoted(String(cell))))].join(","));
  });
  return `${lines.join("\r\n")}\r\n`;
}

// Where a spreadsheet parts cells at other signs than commas, one may begin in the middle.
const INSIDE = /([;\t\r\n])(?=[=+\-@'＝＋－＠])/g;

/** A cell that no spreadsheet takes for a formula, as devices/exports/formats.py. @param {string} given */
function quoted(given) {
  const text = given.replace(INSIDE, "$1'");
  const safe = /^[=+@\t\r\n＝＋－＠]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * @param {HTMLElement} figure
 * @param {{ part: () => Part, span: () => [number, number], key: string, unit: () => string, canvas: () => HTMLCanvasElement|null, scale: () => boolean, fix: () => boolean }} chart
 */
export function listenToMenu(figure, chart) {
  const menu = /** @type {HTMLElement|null} */ (figure.querySelector(".menu"));
  if (!menu) return;
  menu.hidden = false;
  listenToButton(menu);
  const file = (/** @type {string} */ end) => `${chart.key.replace(/[^\w.-]+/g, "_")} ${formatTime(chart.span()[1]).replace(/[: ]/g, "-")}.${end}`;
  const actions = /** @type {Record<string, (button: HTMLElement) => void>} */ ({
    full: () => (document.fullscreenElement ? document.exitFullscreen() : figure.requestFullscreen()),
    note: () => {
      const [from, to] = chart.span().map((ms) => Math.round(ms / 1_000) * 1_000);
      document.dispatchEvent(new CustomEvent("iotbridge:note-about", { detail: { from, to, metric: figure.dataset.metric ?? "" } }));
    },
    log: (button) => button.setAttribute("aria-pressed", String(chart.scale())),
    fix: (button) => button.setAttribute("aria-pressed", String(chart.fix())),
    csv: () => save(new Blob([csvOf(chart.part(), chart.span(), chart.key, chart.unit())], { type: "text/csv" }), file("csv")),
    png: () => chart.canvas()?.toBlob((blob) => blob && save(blob, file("png"))),
  });
  menu.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!button) return;
    actions[button.dataset.does ?? ""]?.(button);
    if (button.dataset.does && !button.hasAttribute("aria-pressed")) closeMenu(menu);
  });
}
