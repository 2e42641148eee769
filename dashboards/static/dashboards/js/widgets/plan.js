// A picture with pins: put where they belong; in the editor's preview moved by hand or by arrow keys.

/** @typedef {import("./widget-context.js").Place} Place */

const STEP = 0.01;
const ARROWS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] });

/** @param {number} share @returns {number} within the picture, to a ten thousandth */
export function inside(share) {
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000;
}

/** @param {Place} place */
export function mount(place) {
  const pins = /** @type {HTMLElement[]} */ ([...place.canvas.querySelectorAll("li[data-x]")]);
  for (const pin of pins) put(pin, Number(pin.dataset.x), Number(pin.dataset.y));
  if (place.root.closest("#preview")) pins.forEach((pin, index) => movable(place.canvas, pin, index));
  return { draw() {} };
}

/** @param {HTMLElement} pin @param {number} x @param {number} y */
function put(pin, x, y) {
  pin.dataset.x = String(x);
  pin.dataset.y = String(y);
  pin.style.insetInlineStart = `${100 * x}%`;
  pin.style.insetBlockStart = `${100 * y}%`;
}

/** @param {HTMLElement} plan @param {HTMLElement} pin @param {number} index */
function movable(plan, pin, index) {
  const tell = () => pin.dispatchEvent(new CustomEvent("iotbridge:pin", { bubbles: true, detail: { index, x: Number(pin.dataset.x), y: Number(pin.dataset.y) } }));
  pin.tabIndex = 0;
  pin.classList.add("movable");
  /** Where it was taken hold of, from its middle. */
  let [left, above] = [0, 0];
  pin.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const box = pin.getBoundingClientRect();
    [left, above] = [event.clientX - (box.left + box.right) / 2, event.clientY - (box.top + box.bottom) / 2];
    pin.setPointerCapture(event.pointerId);
  });
  pin.addEventListener("pointermove", (event) => {
    if (!pin.hasPointerCapture(event.pointerId)) return;
    const box = plan.getBoundingClientRect();
    put(pin, inside((event.clientX - left - box.left) / box.width), inside((event.clientY - above - box.top) / box.height));
  });
  pin.addEventListener("pointerup", tell);
  pin.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    put(pin, inside(Number(pin.dataset.x) + step[0]), inside(Number(pin.dataset.y) + step[1]));
    tell();
  });
}
