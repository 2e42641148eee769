// Time that the tests move themselves. Node's own mock of it differs between the releases that
// distributions have: 18 knows no Date, and takes another argument.

/** @typedef {{ id: number, at: number, every: number, work: () => void }} Timer */
const NAMES = /** @type {const} */ (["setTimeout", "clearTimeout", "setInterval", "clearInterval"]);
const real = Object.fromEntries(NAMES.map((name) => [name, globalThis[name]]));
const realNow = Date.now;
/** @type {Timer[]} */
let waiting = [];
let now = 0;
let ids = 0;

/** @param {() => void} work @param {number} [ms] @param {boolean} [again] */
function start(work, ms = 0, again = false) {
  const wait = Math.max(1, ms);
  ids += 1;
  waiting.push({ id: ids, at: now + wait, every: again ? wait : 0, work });
  return ids;
}

/** @param {number} id */
function stop(id) {
  waiting = waiting.filter((timer) => timer.id !== id);
}

/** Stop the clock at `at` (ms since 1970). */
export function enable(at = 0) {
  [now, waiting] = [at, []];
  Date.now = () => now;
  Object.assign(globalThis, {
    setTimeout: (/** @type {() => void} */ work, /** @type {number} */ ms) => start(work, ms),
    setInterval: (/** @type {() => void} */ work, /** @type {number} */ ms) => start(work, ms, true),
    clearTimeout: stop,
    clearInterval: stop,
  });
}

/** Let `ms` pass: what is due is done in the order of its time. @param {number} ms */
export function tick(ms) {
  const end = now + ms;
  for (;;) {
    const due = waiting.filter((timer) => timer.at <= Math.max(end, now + (ms ? 0 : 1))).sort((a, b) => a.at - b.at || a.id - b.id)[0];
    if (!due) break;
    now = Math.max(now, Math.min(due.at, end));
    stop(due.id);
    if (due.every) waiting.push({ ...due, at: due.at + due.every });
    due.work();
  }
  now = end;
}

/** Let the clock go on. */
export function reset() {
  Date.now = realNow;
  Object.assign(globalThis, real);
}
