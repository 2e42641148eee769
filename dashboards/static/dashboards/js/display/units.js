// In which unit values are shown; dashboards/presentation/units.py does the same on the server.

import { numberText } from "./format.js";

/**
 * How values are shown in another unit: multiplied by `scale`, then `offset` is added.
 * @typedef {{ unit: string, scale: number, offset: number }} Conversion
 */

/** @typedef {import("../live/store.js").Info} Info */

const MOST_DECIMALS = 12;

/** @returns {Record<string, Conversion>} what this person has chosen, by unit */
export function chosen() {
  return JSON.parse(globalThis.document?.body?.dataset.units || "{}");
}

/**
 * @param {Info} info of a series as the server tells it: a unit that everybody sees it in may be in `shown`
 * @param {Record<string, Conversion>} own what this person has chosen
 * @returns {Conversion|null} how its values are shown here; null: as they are stored
 */
export function howShown(info, own = chosen()) {
  if (info.kind !== "number") return null;
  // A prefix that fits (kW) stands back where somebody chose a unit for this one.
  const first = info.shown ?? (own[info.unit] ? null : info.scaled) ?? null;
  const second = own[first?.unit ?? info.unit] ?? null;
  if (!first || !second) return second ?? first;
  return { unit: second.unit, scale: first.scale * second.scale, offset: first.offset * second.scale + second.offset };
}

/**
 * @param {Conversion|null} before @param {Conversion|null} after
 * @returns {Conversion|null} from what is shown by one to what is shown by the other; null: nothing changes
 */
export function changeOf(before, after) {
  const [old, now] = [before ?? { unit: "", scale: 1, offset: 0 }, after ?? { unit: "", scale: 1, offset: 0 }];
  if (old.scale === now.scale && old.offset === now.offset) return null;
  const scale = now.scale / old.scale;
  return { unit: now.unit, scale, offset: now.offset - old.offset * scale };
}

/**
 * @template T
 * @param {T} value a number of a series, or what stands in its place
 * @param {Conversion|null} how
 * @returns {T|number} the number in the other unit, as exact as it was: 21.5 °C are 70.7 °F
 */
export function converted(value, how) {
  if (!how || typeof value !== "number") return value;
  const number = value * how.scale + how.offset;
  const digits = numberText(value);
  if (digits.includes("e") || !Number.isFinite(number)) return number;
  const decimals = (digits.split(".")[1]?.length ?? 0) - Math.floor(Math.log10(how.scale));
  return Number(number.toFixed(Math.min(Math.max(decimals, 0), MOST_DECIMALS)));
}

/**
 * Convert the numbers of one series in place.
 * @param {import("../live/columns.js").Columns} columns @param {Conversion|null} how
 * @returns {import("../live/columns.js").Columns} the same
 */
export function convertColumns(columns, how) {
  if (how) for (const name of /** @type {const} */ (["value", "min", "max", "mean"])) columns[name] = columns[name].map((one) => converted(one, how));
  return columns;
}
