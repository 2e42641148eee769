// How values and times are put into words; dashboards/presentation/formats.py says the same.

import { filled, gettext } from "./i18n.js";

/** How the page's language parts the digits of numbers. */
const SIGNS = signsOf(globalThis.document?.documentElement?.lang || "en");
// Whole numbers of so many digits are grouped: 1234, 12,345.
const GROUPED = 5;

/** @param {string} language @returns {{ group: string, decimal: string }} */
export function signsOf(language) {
  const parts = new Intl.NumberFormat(language).formatToParts(12_345.6);
  const of = (/** @type {string} */ type, /** @type {string} */ other) => parts.find((part) => part.type === type)?.value ?? other;
  return { group: of("group", ","), decimal: of("decimal", ".") };
}

/**
 * @param {number|boolean|string|null|undefined} value
 * @param {number} [decimals] of a number: that many, whatever it has; else as many as tell it
 * @returns {string} on/off, text as it is, a number as the page's language writes it
 */
export function formatValue(value, decimals) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? gettext("on") : gettext("off");
  if (typeof value === "string") return value;
  return localised(numberText(value, decimals));
}

/** @param {string} number @param {{ group: string, decimal: string }} signs @returns {string} with the separators of a language */
export function localised(number, signs = SIGNS) {
  const [whole, rest] = number.split(".");
  const digits = whole.replace("-", "").length;
  const grouped = digits >= GROUPED && /^-?\d+$/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, signs.group) : whole;
  return rest === undefined ? grouped : `${grouped}${signs.decimal}${rest}`;
}

/**
 * @param {number} value @param {number} [decimals]
 * @returns {string} with a point, of up to 12 significant digits (of single precision no more than it tells apart)
 */
export function numberText(value, decimals) {
  const size = Math.abs(value);
  // Computed beyond what a double holds, from a value that was within.
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "" : value > 0 ? "∞" : "-∞";
  if (decimals !== undefined && size < 1e15) return value.toFixed(Math.min(decimals, DIGITS));
  if (size < 1e15 && Number.isInteger(value)) return String(value === 0 ? 0 : value);
  const digits = digitsOf(value);
  if (size < 1e-4 || size >= 1e15) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${trimZeros(mantissa)}e${Number(exponent)}`;
  }
  return trimZeros(value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size)))));
}

// Decimals that people write.
const WRITTEN = 3;

/** @param {number} value @returns {number} how many decimals tell it; 0 where it is written with an exponent */
export function decimalsOf(value) {
  const text = numberText(value);
  return text.includes("e") ? 0 : (text.split(".")[1]?.length ?? 0);
}

/**
 * As devices/number_text.py.
 * @param {any} value @param {{ decimals?: number, places?: number }|null|undefined} info of its series
 * @returns {number|undefined} with how many decimals it is written among others of its series; undefined: as many as tell it
 */
export function decimalsFor(value, info) {
  if (info?.decimals !== undefined || info?.places === undefined || typeof value !== "number") return info?.decimals;
  const size = Math.abs(value);
  if (value !== 0 && !(size >= 1e-4 && size < 1e15)) return undefined;
  const own = decimalsOf(value);
  return own <= WRITTEN ? Math.max(own, info.places) : info.places;
}

// Beyond these a double tells how it was computed, not what was measured.
const DIGITS = 12;

/** @param {number} value @returns {number} how many significant digits tell it */
function digitsOf(value) {
  if (Number(value.toPrecision(DIGITS)) === value || Math.fround(value) !== value) return DIGITS;
  for (let n = 1; n < 10; n += 1) if (Math.fround(Number(value.toPrecision(n))) === value) return n;
  return DIGITS;
}

/** @param {string} text */
function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * @param {number} seconds
 * @returns {string} 12 s ago, 5 min ago, 3 h ago, 2 d ago
 */
export function formatAge(seconds) {
  if (seconds < 100) return filled(gettext("%(n)s s ago"), { n: Math.max(0, Math.floor(seconds)) });
  if (seconds < 6_000) return filled(gettext("%(n)s min ago"), { n: Math.floor(seconds / 60) });
  if (seconds < 172_800) return filled(gettext("%(n)s h ago"), { n: Math.floor(seconds / 3_600) });
  return filled(gettext("%(n)s d ago"), { n: Math.floor(seconds / 86_400) });
}

/** The zone that somebody chose; undefined: the browser's. @type {string|undefined} */
let zone;
let clock = clockOf(undefined);

/** @param {string|undefined} name @returns {Intl.DateTimeFormat} */
function clockOf(name) {
  const two = /** @type {const} */ ("2-digit");
  const day = { year: /** @type {const} */ ("numeric"), month: two, day: two };
  const time = { hour: two, minute: two, second: two, hourCycle: /** @type {const} */ ("h23") };
  return new Intl.DateTimeFormat("en-GB", { ...day, ...time, timeZone: name });
}

/** @param {string} name @returns {boolean} whether there is such a time zone */
export function isZone(name) {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Show times in a zone from now on. @param {string|undefined} name undefined: the browser's */
export function setZone(name) {
  zone = name;
  clock = clockOf(name);
}

/** @returns {string|undefined} the zone that somebody chose */
export function chosenZone() {
  return zone;
}

/**
 * @param {number} ms since 1970 UTC
 * @returns {string} date and time in the zone, to the millisecond where it has some
 */
export function formatTime(ms) {
  const parts = Object.fromEntries(clock.formatToParts(ms).map((part) => [part.type, part.value]));
  const time = `${parts.hour}:${parts.minute}:${parts.second}`;
  const rest = Math.floor(ms) % 1_000;
  return `${parts.year}-${parts.month}-${parts.day} ${time}${rest ? `.${String(rest).padStart(3, "0")}` : ""}`;
}

/** @returns {string} the name of the zone that times are shown in */
export function zoneName() {
  return zone ?? (Intl.DateTimeFormat().resolvedOptions().timeZone || gettext("local time"));
}
