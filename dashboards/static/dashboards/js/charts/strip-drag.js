// Dragging the window of a strip: by its middle to move it, by its ends to make it longer or shorter.

/** @typedef {[number, number]} Part of the strip, 0 to 1 */

// So near to an end it is that end which is held, in pixels.
const END = 10;
const NARROWEST = 0.002;

/**
 * @param {Part} part where the window was @param {"left"|"right"|"both"} held @param {number} by share of the strip
 * @returns {Part} where it is then: inside, and not turned over
 */
export function pulled([left, right], held, by) {
  if (held === "left") return [Math.min(right - NARROWEST, Math.max(0, left + by)), right];
  if (held === "right") return [left, Math.max(left + NARROWEST, Math.min(1, right + by))];
  const length = right - left;
  const start = Math.min(1 - length, Math.max(0, left + by));
  return [start, start + length];
}

/** @param {Part} part @param {number} at @returns {Part} a window as long, around another place */
export function centred([left, right], at) {
  return pulled([left, right], "both", at - (left + right) / 2);
}

/**
 * @param {HTMLElement} root the strip @param {HTMLElement} window
 * @param {() => Part} place where the window is @param {(part: Part) => void} show
 */
export function dragged(root, window, place, show) {
  /** @type {{ part: Part, held: "left"|"right"|"both", from: number }|null} */
  let began = null;
  const at = (/** @type {PointerEvent} */ event) => {
    const box = root.getBoundingClientRect();
    return (event.clientX - box.left) / Math.max(1, box.width);
  };
  root.addEventListener("pointerdown", (event) => {
    root.setPointerCapture(event.pointerId);
    const box = window.getBoundingClientRect();
    const inside = event.clientX >= box.left - END && event.clientX <= box.right + END;
    if (!inside) show(centred(place(), at(event)));
    const ends = box.width > 3 * END;
    const held = ends && event.clientX < box.left + END ? "left" : ends && event.clientX > box.right - END ? "right" : "both";
    began = { part: place(), held: inside ? held : "both", from: at(event) };
  });
  root.addEventListener("pointermove", (event) => {
    if (began) show(pulled(began.part, began.held, at(event) - began.from));
  });
  for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => (began = null));
}
