// The values of a chart as a table, newest first: for people who cannot see it, or want to copy.

import { formatTime, formatValue } from "../display/format.js";
import { lineAt } from "./plot-data.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("./plot-data.js").Part} Part */

const ROWS = 200;

/** @param {import("../live/columns.js").Columns} columns @param {number} i what is told of a point: what its chart draws */
function valueAt(columns, i) {
  return typeof columns.value[i] === "number" ? lineAt(columns, i) : columns.value[i];
}

/** @param {Part} part @param {number} i @returns {string} */
export function wordsAt({ columns, binMs }, i) {
  const { min, max } = columns;
  const band = binMs && min[i] !== null ? ` (${filled(gettext("%(from)s to %(to)s"), { from: formatValue(min[i]), to: formatValue(max[i]) })})` : "";
  return formatValue(valueAt(columns, i)) + band;
}

/**
 * Return the newest rows of several series on one axis of time.
 * @param {Part[]} parts @param {number} most
 * @returns {{ ts: number, words: string[] }[]} a text per series, "" where it has nothing then
 */
export function rowsOf(parts, most = ROWS) {
  const at = parts.map(({ columns }) => columns.ts.length - 1);
  const rows = [];
  while (rows.length < most) {
    const ts = Math.max(...parts.map(({ columns }, n) => columns.ts[at[n]] ?? -Infinity));
    if (ts === -Infinity) break;
    const words = parts.map((part, n) => {
      if (part.columns.ts[at[n]] !== ts) return "";
      at[n] -= 1;
      return wordsAt(part, at[n] + 1);
    });
    rows.push({ ts, words });
  }
  return rows;
}

/**
 * @param {HTMLTableSectionElement} body
 * @param {Part[]} parts
 * @param {(ts: number, binMs: number) => HTMLElement|null} [more] a further cell for a row
 */
export function drawRows(body, parts, more) {
  const made = rowsOf(parts).map(({ ts, words }) => {
    const row = document.createElement("tr");
    for (const text of [formatTime(ts), ...words]) row.insertCell().textContent = text;
    const cell = more?.(ts, parts[0].binMs);
    if (cell) row.append(cell);
    return row;
  });
  body.replaceChildren(...made);
}

/**
 * Prepare the table below a widget's chart.
 * @param {import("../widgets/widget-context.js").Place} place
 * @param {() => void} draw the widget anew, when somebody opens the table
 * @returns {() => void} draws the rows, while they are to be seen
 */
export function tableBelow(place, draw) {
  const details = /** @type {HTMLDetailsElement|null} */ (place.root.querySelector("details"));
  const table = /** @type {HTMLTableElement|null} */ (place.root.querySelector("[data-table]"));
  const body = table ? makeHead(table, place.keys.map((key) => place.names[key])) : null;
  details?.addEventListener("toggle", draw);
  return () => {
    if (body && details?.open) drawRows(body, place.keys.map((key) => place.part(key)));
  };
}

/** @param {HTMLTableElement} table @param {string[]} names of the columns */
function makeHead(table, names) {
  const head = document.createElement("tr");
  for (const name of [gettext("Time"), ...names]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    head.append(cell);
  }
  table.createTHead().replaceChildren(head);
  return table.tBodies[0] ?? table.createTBody();
}
