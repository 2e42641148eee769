// The whole history of a device as one strip: where the span that is shown lies in it, and a way to move it.

import { listenToKeys } from "./gestures.js";
import { dragged } from "./strip-drag.js";
import { sparkIn, sparkPath } from "./spark-path.js";
import { formatTime } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";
import { readingNow } from "../display/server-clock.js";
import { Store } from "../live/store.js";

/** @typedef {import("./time-span.js").Span} Span */

const POINTS = 300;
// Of all that is stored, what came in the last seconds is seen by nobody.
const RATE = 0.1;
// A window that is narrower could not be taken hold of (share of the strip).
const NARROWEST = 0.01;

export class Strip {
  /**
   * @param {HTMLElement} root with `data-first` (ms) and `data-key` @param {import("./time-range.js").TimeRange} range
   * @param {import("../live/socket.js").LiveSocket} socket
   */
  constructor(root, range, socket) {
    this.root = root;
    this.range = range;
    this.socket = socket;
    this.key = root.dataset.key ?? "";
    this.store = new Store(() => this.drawLine());
    this.first = Number(root.dataset.first);
    this.window = document.createElement("div");
    this.window.className = "window";
    this.path = sparkIn(root);
    root.append(this.window);
  }

  /** @returns {Span} all that there is, in ms */
  get whole() {
    return [this.first, Math.max(readingNow(), this.first + 1_000)];
  }

  connect() {
    listenToKeys(this.root, this.range.onSpan);
    dragged(this.root, this.window, () => this.place(), (part) => this.show(part));
    const wanted = { keys: [this.key], from: this.first, points: POINTS, rate_hz: RATE };
    this.socket.subscribe(wanted, this.store.take);
    this.draw();
  }

  /** Show a part of the strip (0 to 1); what reaches its end is live. @param {Span} part */
  show([left, right]) {
    const [from, to] = this.whole;
    const at = (/** @type {number} */ share) => from + share * (to - from);
    const isLive = right >= 1 && at(right) - at(left) <= this.range.spanMs * 1.01;
    this.range.onSpan(() => (isLive ? null : [at(left), at(right)]));
  }

  /** @returns {Span} where the span that is shown lies, 0 to 1 */
  place() {
    const [from, to] = this.whole;
    const share = (/** @type {number} */ ms) => Math.min(1, Math.max(0, (ms - from) / (to - from)));
    const [left, right] = this.range.shown.map(share);
    return right - left < NARROWEST ? [Math.max(0, Math.min(left, right - NARROWEST)), Math.max(right, NARROWEST)] : [left, right];
  }

  draw() {
    const [left, right] = this.place();
    this.window.style.insetInlineStart = `${(100 * left).toFixed(2)}%`;
    this.window.style.inlineSize = `${(100 * (right - left)).toFixed(2)}%`;
    const [from, to] = this.range.shown.map(formatTime);
    this.root.setAttribute("aria-valuetext", filled(gettext("%(from)s to %(to)s"), { from, to }));
    this.root.setAttribute("aria-valuenow", String(Math.round(100 * right)));
  }

  drawLine() {
    const columns = this.store.columns.get(this.key);
    if (!columns?.ts.length) return;
    const { ts, value, mean } = columns;
    this.path.setAttribute("d", sparkPath({ ts, value: value.map((one, i) => mean[i] ?? one) }, this.whole));
  }
}
