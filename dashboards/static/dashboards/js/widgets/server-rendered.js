// Widgets that draw nothing themselves: the server wrote them, the board keeps their values.

/** @param {import("./widget-context.js").Place} _place */
export function mount(_place) {
  return { draw() {} };
}
