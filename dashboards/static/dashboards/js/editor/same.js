// Whether two things that JSON can say are the same: the order of names means nothing.

/** @param {any} value @returns {any} with its names in order */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return Object.fromEntries(names.sort().map((name) => [name, sorted(value[name])]));
}

/** @param {any} value @returns {string} the same text for the same value */
export function canonical(value) {
  return JSON.stringify(sorted(value)) ?? "";
}

/** @param {any} one @param {any} other */
export function same(one, other) {
  return canonical(one) === canonical(other);
}
