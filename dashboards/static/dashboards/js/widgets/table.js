// Devices with their states and newest values: the server wrote them, the board keeps them.

/** @param {import("../place.js").Place} _place */
export function mount(_place) {
  return { draw() {} };
}
