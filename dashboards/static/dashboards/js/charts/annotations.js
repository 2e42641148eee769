// Named losses, marked readings, alarms and times offline on charts: the span is shaded; where
// something was lost or marked, the line is broken.

/** @typedef {[number, number]} Span from and to, in ms */

/**
 * Read the spans that the server listed on the page (µs).
 * @param {ParentNode} root
 * @returns {Span[]} in order of their begin
 */
export function readLosses(root) {
  return readSpans(root, "[data-loss]");
}

/**
 * Read the spans of a metric that people marked as bad or deleted.
 * @param {ParentNode} root
 * @param {string} metric
 * @returns {Span[]} in order of their begin
 */
export function readMarks(root, metric) {
  return readSpans(root, `[data-mark="${CSS.escape(metric)}"]`);
}

/**
 * Read the spans in which the device was offline; one that lasts has no end.
 * @param {ParentNode} root
 * @returns {Span[]} in order of their begin
 */
export function readOffline(root) {
  return readSpans(root, "[data-offline]");
}

/**
 * Read the spans in which an alarm of a metric, or of its device as a whole, was on.
 * @param {ParentNode} root
 * @param {string} metric
 * @returns {Span[]} in order of their begin
 */
export function readAlarms(root, metric) {
  return readSpans(root, `[data-alarm="${CSS.escape(metric)}"], [data-alarm=""]`);
}

/**
 * Note that the device came back, or went.
 * @param {Span[]} offline in order of their begin; changed
 * @param {string} state
 * @param {number|null} since ms
 * @returns {boolean} whether there is something new to shade
 */
export function noteState(offline, state, since) {
  const last = offline.at(-1);
  const lasts = last !== undefined && last[1] === Infinity;
  if (since === null || lasts === (state === "offline")) return false;
  if (lasts) last[1] = Math.max(last[0], since);
  else offline.push([since, Infinity]);
  return true;
}

/** @param {ParentNode} root @param {string} selector @returns {Span[]} */
function readSpans(root, selector) {
  const items = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(selector));
  /** @type {Span[]} */
  const spans = [...items].map((item) => [Number(item.dataset.from) / 1_000, item.dataset.to ? Number(item.dataset.to) / 1_000 : Infinity]);
  return spans.sort((a, b) => a[0] - b[0]);
}

/**
 * @param {Span[]} losses
 * @param {number} from ms
 * @param {number} to ms
 * @returns {boolean} whether something was lost in between
 */
export function lostBetween(losses, from, to) {
  return losses.some(([begin, end]) => begin <= to && end >= from);
}

/**
 * Shade the spans behind the line.
 * @param {any} plot uPlot
 * @param {Span[]} losses
 * @param {string} colour
 */
export function shadeLosses(plot, losses, colour) {
  const { left, top, width, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.fillStyle = colour;
  for (const [begin, end] of losses) {
    const from = Math.max(left, plot.valToPos(begin, "x", true));
    const to = end === Infinity ? left + width : Math.min(left + width, plot.valToPos(end, "x", true));
    // Even a moment must be seen.
    if (to >= left && from <= left + width) plot.ctx.fillRect(from, top, Math.max(2, to - from), height);
  }
  plot.ctx.restore();
}
