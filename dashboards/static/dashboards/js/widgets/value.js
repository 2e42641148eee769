// A newest value in large letters (the server wrote it, the board keeps it), and the line to it.

import { sparkIn, sparkPath } from "../charts/spark-path.js";
import { tellThreshold } from "../charts/thresholds.js";

/** @typedef {import("./widget-context.js").Place} Place */

/** @param {Place} place */
export function mount(place) {
  const path = sparkIn(place.canvas);
  return {
    draw() {
      path.setAttribute("d", sparkPath(place.part(place.options.key).columns, place.span));
      tellThreshold(place);
    },
  };
}
