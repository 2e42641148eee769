// How long to wait before trying again.

const LONGEST_DELAY_MS = 30_000;

/**
 * @param {number} attempt from 0
 * @param {() => number} random
 * @returns {number} ms to wait: 0.5 s doubled each time, at most 30 s, with full jitter
 */
export function reconnectDelay(attempt, random = Math.random) {
  return Math.min(LONGEST_DELAY_MS, 500 * 2 ** attempt) * random();
}

/**
 * @param {number} retryMs what the server asked for
 * @param {() => number} random
 * @returns {number} ms to wait: not all pages of a server that restarts come back at once
 */
export function restartDelay(retryMs, random = Math.random) {
  return retryMs * (1 + 1.5 * random());
}
