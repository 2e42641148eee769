// The points of one series, in order of time, as columns.

/** @typedef {{ ts: number[], value: any[], min: (number|null)[], max: (number|null)[], mean: (number|null)[] }} Columns ts in ms; min, max and mean of bins */

/** @returns {Columns} */
export function emptyColumns() {
  return { ts: [], value: [], min: [], max: [], mean: [] };
}

/**
 * Put one point in at its time, in place of the one that is there.
 * @param {Columns} columns
 * @param {number} ts
 * @param {any} value
 * @param {number|null} min
 * @param {number|null} max
 * @param {number|null} mean
 */
export function put(columns, ts, value, min, max, mean) {
  let at = columns.ts.length;
  while (at > 0 && columns.ts[at - 1] > ts) at -= 1;
  const there = at > 0 && columns.ts[at - 1] === ts;
  if (there) at -= 1;
  columns.ts.splice(at, there ? 1 : 0, ts);
  columns.value.splice(at, there ? 1 : 0, value);
  columns.min.splice(at, there ? 1 : 0, min);
  columns.max.splice(at, there ? 1 : 0, max);
  columns.mean.splice(at, there ? 1 : 0, mean);
}

/**
 * Drop what lies before `start`, but for one point, so that lines reach the edge.
 * @param {Columns} columns
 * @param {number} start
 */
export function trim(columns, start) {
  let gone = 0;
  while (gone + 1 < columns.ts.length && columns.ts[gone + 1] < start) gone += 1;
  if (gone < 64 && gone < columns.ts.length / 4) return;
  for (const column of Object.values(columns)) column.splice(0, gone);
}

/**
 * Remove what lies within spans of time.
 * @param {Columns} columns
 * @param {[number, number][]} ranges from and to, both removed
 */
export function clear(columns, ranges) {
  const stays = columns.ts.map((ts) => !ranges.some(([from, to]) => ts >= from && ts <= to));
  for (const [name, column] of Object.entries(columns)) {
    columns[/** @type {"ts"} */ (name)] = column.filter((_, i) => stays[i]);
  }
}

/**
 * Put in what lies between, or after, what is there. Both are in order of time.
 * @param {Columns} columns
 * @param {Columns} more
 */
export function merge(columns, more) {
  const late = more.ts.length > 0 && more.ts[0] <= (columns.ts.at(-1) ?? -Infinity);
  if (late) {
    for (let i = 0; i < more.ts.length; i += 1) put(columns, more.ts[i], more.value[i], more.min[i], more.max[i], more.mean[i]);
    return;
  }
  for (const name of /** @type {const} */ (["ts", "value", "min", "max", "mean"])) {
    for (const item of more[name]) columns[name].push(/** @type {never} */ (item));
  }
}
