// Moments and days as people write them, in the zone that the page shows.

import { formatTime } from "../display/format.js";

const DAY_MS = 86_400_000;

/**
 * @param {string} text `2026-11-29T13:05` or with seconds, in the zone that the page shows
 * @returns {number} ms; NaN: it is none
 */
export function momentOf(text) {
  const guess = Date.parse(`${text}Z`);
  if (!Number.isFinite(guess)) return NaN;
  // By how much the zone is ahead may change near that time: looked at twice.
  const ahead = (/** @type {number} */ ms) => Date.parse(`${momentText(ms)}Z`) - ms;
  const near = guess - ahead(guess);
  return guess - ahead(near);
}

/** @param {number} ms @returns {string} as `momentOf` reads it, and fields of date and time hold it */
export function momentText(ms) {
  return formatTime(ms).slice(0, 19).replace(" ", "T");
}

/** @param {number} now ms @returns {[number, number]} the whole day before, which may have 23 or 25 hours */
export function dayBefore(now) {
  const day = (/** @type {number} */ ms) => formatTime(ms).slice(0, 10);
  const today = momentOf(`${day(now)}T00:00`);
  return [momentOf(`${day(today - DAY_MS / 2)}T00:00`), today];
}
