// What the stretch of time that a chart shows comes to: least, mean and most, or time in a state.

import { gettext } from "../display/i18n.js";
import { decimalsFor, decimalsOf, formatValue } from "../display/format.js";
import { lineAt, number } from "./plot-data.js";
import { segments } from "./state-segments.js";

/** @typedef {import("./plot-data.js").Part} Part */
/** @typedef {import("./annotations.js").Span} Span */

// Digits that a mean has more than what it is of.
const MORE = 1;
// States that are told with their times, and so much of each.
const STATES = 4;
const LETTERS = 40;

/**
 * @param {Part} part @param {Span} span ms
 * @returns {{ least: number, mean: number, most: number, first: number, last: number }|null} null: there is no number in it
 */
export function summaryOf({ columns }, [from, to]) {
  let [least, most, sum, n, first, last] = [Infinity, -Infinity, 0, 0, NaN, NaN];
  for (let i = 0; i < columns.ts.length; i += 1) {
    const value = columns.value[i];
    if (columns.ts[i] < from || columns.ts[i] > to || typeof value !== "number") continue;
    const mean = lineAt(columns, i);
    if (mean === null) continue;
    least = Math.min(least, columns.min[i] ?? value);
    most = Math.max(most, columns.max[i] ?? value);
    sum += mean;
    n += 1;
    if (n === 1) first = value;
    last = value;
  }
  return n ? { least, mean: sum / n, most, first, last } : null;
}

/**
 * @param {Part} part @param {Span} span ms
 * @returns {number|null} the share of the time that is known in which a state was on, 0 to 1
 */
export function shareOn({ columns }, [from, to]) {
  let [on, all] = [0, 0];
  for (let i = 0; i < columns.ts.length; i += 1) {
    const value = number(columns.value[i]);
    const [begin, end] = [Math.max(from, columns.ts[i]), Math.min(to, columns.ts[i + 1] ?? to)];
    if (value === null || end <= begin) continue;
    all += end - begin;
    on += value * (end - begin);
  }
  return all ? on / all : null;
}

/**
 * @param {Part} part of states @param {Span} span ms
 * @returns {[string, number][]} each state with its share of the time that is known, the longest first
 */
export function sharesOf(part, [from, to]) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const { start, end, value, mixed } of segments(part, to)) {
    const length = Math.min(end, to) - Math.max(start, from);
    const words = mixed ? gettext("changing") : String(value ?? "");
    if (length > 0) times.set(words, (times.get(words) ?? 0) + length);
  }
  const all = [...times.values()].reduce((sum, one) => sum + one, 0);
  return [...times].map(([words, ms]) => /** @type {[string, number]} */ ([words, ms / all])).sort((a, b) => b[1] - a[1]);
}

/** @param {number} share 0 to 1 */
function percent(share) {
  return `${formatValue(Number((100 * share).toFixed(1)))} %`;
}

/**
 * @param {Part} part @param {Span} span @param {string} kind of the series @param {{ decimals?: number, places?: number }|null} [info] of the series
 * @returns {[string, string][]} what it is called, and what it is
 */
export function seenWords(part, span, kind, info) {
  if (kind === "boolean") {
    const share = shareOn(part, span);
    return share === null ? [] : [[gettext("on"), percent(share)]];
  }
  if (kind === "text") return sharesOf(part, span).slice(0, STATES).map(([state, share]) => [state.slice(0, LETTERS), percent(share)]);
  const found = summaryOf(part, span);
  if (!found) return [];
  const { least, mean, most, first, last } = found;
  const places = Math.min(12, Math.max(...[least, most, first, last].map((one) => decimalsFor(one, info) ?? decimalsOf(one))));
  const known = info?.decimals ?? info?.places;
  const words = (/** @type {number} */ value, more = 0) => formatValue(value, places + more);
  const change = last - first;
  return [
    [gettext("min"), words(least)],
    [gettext("mean"), words(mean, known === undefined ? MORE : 0)],
    [gettext("max"), words(most)],
    [gettext("last"), words(last)],
    [gettext("change"), (change > 0 ? "+" : "") + words(change)],
  ];
}

/** @param {HTMLElement|null} list a <dl>, whose parts stay as long as they are called the same @param {[string, string][]} words */
export function showSeen(list, words) {
  if (!list) return;
  const names = words.map(([name]) => name).join();
  if (list.dataset.names !== names) {
    list.dataset.names = names;
    list.replaceChildren(...words.map(([name]) => pairOf(name)));
  }
  list.querySelectorAll("dd").forEach((told, i) => {
    if (told.firstChild && told.firstChild.nodeValue !== words[i][1]) told.firstChild.nodeValue = words[i][1];
  });
}

/** @param {string} name */
function pairOf(name) {
  const [pair, what, told] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  what.append(name, " ");
  told.append(document.createTextNode(""));
  pair.append(what, told);
  return pair;
}
