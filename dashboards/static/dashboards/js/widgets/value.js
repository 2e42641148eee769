// A newest value in large letters (the server wrote it, the board keeps it), and the line to it.

import { seenWords, showSeen } from "../charts/seen.js";
import { sparkIn, sparkPath } from "../charts/spark-path.js";
import { tellThreshold } from "../charts/thresholds.js";

/** @typedef {import("./widget-context.js").Place} Place */

/** @param {Place} place */
export function mount(place) {
  const path = sparkIn(place.canvas);
  const trend = /** @type {HTMLElement|null} */ (place.root.querySelector("[data-trend]"));
  return {
    draw() {
      const part = place.part(place.options.key);
      path.setAttribute("d", sparkPath(part.columns, place.span));
      if (trend) showSeen(trend, seenWords(part, place.span, place.kind(place.options.key), place.newest(place.options.key)));
      tellThreshold(place);
    },
  };
}
