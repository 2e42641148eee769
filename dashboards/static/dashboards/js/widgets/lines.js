// Lines of several series on one or two axes, with a legend that hides and shows them.

import { Chart } from "../charts/chart.js";
import { formatValue } from "../display/format.js";
import { listen } from "../charts/gestures.js";
import { lookOf, token } from "../charts/theme.js";
import { tableBelow } from "../charts/values-table.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */

// More lines than this and bands would cover each other.
const BANDS = 2;

/** @param {Place} place */
export function mount(place) {
  const { keys, options } = place;
  /** @type {Set<string>} */
  const hidden = new Set();
  const right = new Set(options.right);
  const shown = () => keys.filter((key) => !hidden.has(key));
  const lineOf = (/** @type {string} */ key) => ({
    label: place.names[key],
    kind: place.kind(key),
    right: right.has(key),
    ...lookOf(keys.indexOf(key)),
  });
  const items = new Map(keys.map((key) => [key, legendItem(place, key)]));
  const chart = new Chart(place.canvas, {
    lines: [],
    stacked: options.stacked,
    band: options.band && keys.length <= BANDS,
    onSpan: (change) => place.onSpan(change),
    onCursor: (values) => shown().forEach((key, i) => tellAt(items.get(key), values?.[i])),
  });
  chart.connect();
  listen(place.canvas, () => chart.span, (change) => place.onSpan(change));
  /** What the lines were when they were drawn last. */
  let look = "";
  const draw = () => {
    const lines = shown().map(lineOf);
    if (JSON.stringify(lines) !== look) chart.setLines(lines);
    look = JSON.stringify(lines);
    chart.options.thresholds = place.thresholds();
    if (lines.length) chart.draw(shown().map((key) => place.part(key)), place.span);
    drawTable();
  };
  const drawTable = tableBelow(place, draw);
  for (const [key, item] of items) {
    item?.button.addEventListener("click", () => {
      if (hidden.has(key)) hidden.delete(key);
      else if (shown().length > 1) hidden.add(key);
      item.button.setAttribute("aria-pressed", String(!hidden.has(key)));
      draw();
    });
  }
  return { draw, restyle: () => chart.restyle(), disconnect: () => chart.disconnect() };
}

/** @param {Place} place @param {string} key */
function legendItem(place, key) {
  const item = place.root.querySelector(`[data-line="${CSS.escape(key)}"]`);
  const button = /** @type {HTMLButtonElement|null} */ (item?.querySelector("button"));
  if (!item || !button) return null;
  const { colour, dashed } = lookOf(place.keys.indexOf(key));
  button.style.setProperty("--swatch", token(colour) ? `var(${colour})` : "");
  button.classList.toggle("dashed", dashed);
  button.disabled = false;
  return { button, at: /** @type {HTMLElement} */ (item.querySelector("[data-at]")) };
}

/** @param {ReturnType<typeof legendItem>|undefined} item @param {number|null|undefined} value at the cursor */
function tellAt(item, value) {
  if (item) item.at.textContent = value === null || value === undefined ? "" : filled(gettext("at cursor %(value)s"), { value: formatValue(value) });
}
