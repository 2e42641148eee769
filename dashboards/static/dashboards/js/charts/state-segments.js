// Stretches of time in which a series kept its state.

import { lostBetween } from "./annotations.js";
import { isFar } from "./plot-data.js";

/** @typedef {{ start: number, end: number, value: any, mixed: boolean }} Segment ms; mixed: more than one state in it */

/**
 * @param {import("./plot-data.js").Part} part
 * @param {number} until where the last one ends, in ms: states last until the next one is told
 * @returns {Segment[]} in order; none where something was lost
 */
export function segments({ columns, binMs, gaps }, until) {
  const { ts, value, min, max } = columns;
  /** @type {Segment[]} */
  const found = [];
  for (let i = 0; i < ts.length; i += 1) {
    const mixed = binMs > 0 && min[i] !== null && min[i] !== max[i];
    const last = found.at(-1);
    const next = ts[i + 1] ?? until;
    const lost = gaps.length > 0 && lostBetween(gaps, ts[i], next);
    const end = lost || (binMs > 0 && isFar(ts, i + 1, binMs)) ? Math.min(next, ts[i] + (binMs || 1)) : next;
    const same = last && last.end === ts[i] && last.value === value[i] && last.mixed === mixed;
    if (same) last.end = end;
    else found.push({ start: ts[i], end, value: value[i], mixed });
  }
  return found;
}
