// Zooming and panning of a chart by wheel, fingers and keys. Dragging with the mouse is uPlot's.

import { moved, scaled } from "./time-span.js";

/** @typedef {import("./time-span.js").Span} Span */
/** @typedef {(change: (span: Span) => Span|null) => void} OnSpan */

const STEP = 0.25;
const ZOOM = 1.5;
// So far a finger may tremble, in pixels.
const SLOP = 10;

/** key -> what becomes of the span; null is back to live @type {Record<string, (span: Span) => Span|null>} */
export const KEYS = {
  ArrowLeft: (span) => moved(span, -STEP),
  ArrowRight: (span) => moved(span, STEP),
  "+": (span) => scaled(span, 1 / ZOOM),
  "-": (span) => scaled(span, ZOOM),
  "0": () => null,
  Escape: () => null,
};

/**
 * What two fingers do: what was below each stays below it.
 * @param {Span} span shown when they came down
 * @param {Span} before where they came down, 0 to 1 across the chart
 * @param {Span} after where they are
 * @returns {Span}
 */
export function pinched([from, to], before, after) {
  const [a, b] = before.map((at) => from + (to - from) * at);
  const spread = after[1] - after[0];
  if (Math.abs(spread) < 0.02) return [from, to];
  const length = (b - a) / spread;
  return [a - after[0] * length, a + (1 - after[0]) * length];
}

/** @param {HTMLElement} root what has the focus @param {OnSpan} onSpan */
export function listenToKeys(root, onSpan) {
  root.addEventListener("keydown", (event) => {
    const change = KEYS[event.key];
    if (!change || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onSpan(change);
  });
}

/** @param {HTMLElement} root of the chart @param {() => Span} shown @param {OnSpan} onSpan */
export function listen(root, shown, onSpan) {
  /** @type {Map<number, number>} */
  const fingers = new Map();
  // One finger that goes sideways moves the chart; one that goes up or down scrolls the page.
  let [sideways, startX, startY] = [false, 0, 0];
  /** @type {{ span: Span, at: number[] }} */
  let began = { span: [0, 1], at: [] };
  const place = (/** @type {{ clientX: number }} */ event) => {
    const box = root.querySelector(".u-over")?.getBoundingClientRect() ?? root.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
  };
  const begin = () => (began = { span: shown(), at: [...fingers.values()] });

  listenToKeys(root, onSpan);
  root.addEventListener(
    "wheel",
    (event) => {
      // A plain wheel scrolls the page; pinching on a touchpad comes as a wheel with ctrl.
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      const turned = event.deltaY || event.deltaX;
      onSpan((span) => scaled(span, Math.exp(turned / 300), place(event)));
    },
    { passive: false },
  );
  root.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, place(event));
    [sideways, startX, startY] = [false, event.clientX, event.clientY];
    begin();
  });
  root.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const [across, along] = [Math.abs(event.clientX - startX), Math.abs(event.clientY - startY)];
    sideways ||= fingers.size > 1 || (across > SLOP && across > 2 * along);
    if (!sideways) return;
    fingers.set(event.pointerId, place(event));
    const at = [...fingers.values()];
    if (at.length === 2) onSpan(() => pinched(began.span, [began.at[0], began.at[1]], [at[0], at[1]]));
    else if (at.length === 1) onSpan(() => moved(began.span, began.at[0] - at[0]));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    root.addEventListener(name, (event) => {
      fingers.delete(/** @type {PointerEvent} */ (event).pointerId);
      begin();
    });
  }
}
