// How values and times are put into words; dashboards/formats.py says the same.

/**
 * @param {number|boolean|string|null|undefined} value
 * @returns {string} on/off, at most 6 significant digits, text as it is
 */
export function formatValue(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  if (size < 1e15 && Number.isInteger(value)) return String(value === 0 ? 0 : value);
  if (size < 1e-4 || size >= 1e15) {
    const [mantissa, exponent] = value.toExponential(4).split("e");
    return `${trimZeros(mantissa)}e${Number(exponent)}`;
  }
  const decimals = Math.min(9, Math.max(0, 5 - Math.floor(Math.log10(size))));
  return trimZeros(value.toFixed(decimals));
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
  if (seconds < 100) return `${Math.max(0, Math.floor(seconds))} s ago`;
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/**
 * @param {number} ms since 1970 UTC
 * @returns {string} date and time in the browser's zone, to the millisecond where it has some
 */
export function formatTime(ms) {
  const date = new Date(ms);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const rest = Math.floor(ms) % 1_000;
  return `${day} ${time}${rest ? `.${String(rest).padStart(3, "0")}` : ""}`;
}

/** @returns {string} the name of the browser's time zone */
export function zoneName() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
}
