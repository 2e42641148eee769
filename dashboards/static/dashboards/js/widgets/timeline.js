// What was on, open or running when: a row of segments for each series, drawn on a canvas.

import { Colours, ROW, drawStates, prepared } from "../charts/state-row.js";
import { listen } from "../charts/gestures.js";
import { tableBelow } from "../charts/values-table.js";

/** @typedef {import("./widget-context.js").Place} Place */

/** @param {Place} place */
export function mount(place) {
  const canvas = document.createElement("canvas");
  place.canvas.append(canvas);
  place.canvas.style.height = `${place.keys.length * ROW}px`;
  listen(place.canvas, () => place.span, (change) => place.onSpan(change));
  const draw = () => {
    const ctx = prepared(canvas, place.canvas);
    const colours = new Colours();
    const { span, canvas: { clientWidth: width } } = place;
    place.keys.forEach((key, row) => drawStates(ctx, place.part(key), { span, width, row }, colours));
    drawTable();
  };
  const resizer = new ResizeObserver(draw);
  resizer.observe(place.canvas);
  const drawTable = tableBelow(place, draw);
  return { draw, restyle: draw, disconnect: () => resizer.disconnect() };
}
