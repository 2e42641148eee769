// Words: the server wrote them.

/** @param {import("../place.js").Place} _place */
export function mount(_place) {
  return { draw() {} };
}
