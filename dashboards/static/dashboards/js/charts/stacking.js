// Lines stacked on each other: each is drawn above the sum of those before it.

/**
 * Return joined columns in which each line is the sum of itself and those before it. What a line
 * has not at the time of another is what it was before; where it has a break, it counts as nothing.
 * @param {any[][]} data joined: times, then the values of each line @returns {any[][]}
 */
export function stacked([times, ...lines]) {
  const sums = times.map(() => 0);
  return [
    times,
    ...lines.map((values) => {
      /** @type {number|null} */
      let last = null;
      return values.map((value, i) => {
        last = value === undefined ? last : value;
        sums[i] += last ?? 0;
        // A break stays one where nothing of the line is below.
        return last === null ? null : sums[i];
      });
    }),
  ];
}

/** @param {number} lines @returns {{ series: [number, number] }[]} what is filled: from each line down to the one before */
export function stackedBands(lines) {
  return Array.from({ length: lines - 1 }, (_, i) => ({ series: /** @type {[number, number]} */ ([i + 2, i + 1]) }));
}
