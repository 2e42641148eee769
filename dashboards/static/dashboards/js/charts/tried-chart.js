// What a rule would have raised, on the line of its first series: bands where it would have been
// on, and limits that are dragged, or moved by the arrow keys.

import { filled, gettext } from "../display/i18n.js";

const WIDTH = 600;
const HEIGHT = 180;
const POINTS = 600;
const LIMITS = /** @type {const} */ (["low", "high"]);
const DRAWN = new Set(["above", "below", "outside"]);

/** @typedef {{ device: string, metric: string, since: number, until: number|null }} Would */

/** @param {number} value @param {number} step @returns {number} without the digits that nobody sees */
export function rounded(value, step) {
  const decimals = Math.max(0, Math.ceil(-Math.log10(step)));
  return Number(value.toFixed(Math.min(decimals, 12)));
}

/** @param {[number, number|null][]} points @param {number} from @param {number} to @param {number} low @param {number} high @returns {string} */
export function pathOf(points, from, to, low, high) {
  let path = "";
  let pen = "M";
  for (const [ts, value] of points) {
    if (typeof value !== "number") { pen = "M"; continue; }
    const x = ((ts - from) / (to - from)) * WIDTH;
    const y = HEIGHT - ((value - low) / (high - low || 1)) * HEIGHT;
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  return path;
}

export class TriedChart {
  /** @param {HTMLElement} root @param {(name: "low"|"high", value: number) => void} change */
  constructor(root, change) {
    this.root = root;
    this.change = change;
    /** @type {{ key: string, from: number, points: [number, number|null][] }|null} */
    this.line = null;
  }

  /** @param {{ from: number, to: number, alarms: Would[] }} found @param {Record<string, any>} rule */
  async show(found, rule) {
    const key = rule.device && rule.metric && !rule.metric.includes("*") ? `${rule.device}/${rule.metric}` : found.alarms[0] ? `${found.alarms[0].device}/${found.alarms[0].metric}` : "";
    this.root.hidden = !key;
    if (!key) return;
    if (this.line?.key !== key || Math.abs(this.line.from - found.from) > 60_000) this.line = { key, from: found.from, points: await read(key, found) };
    this.draw(found, rule, this.line.points);
  }

  /** @param {{ from: number, to: number, alarms: Would[] }} found @param {Record<string, any>} rule @param {[number, number|null][]} points */
  draw(found, rule, points) {
    const numbers = points.map(([, value]) => value).filter((value) => typeof value === "number");
    const limits = DRAWN.has(rule.kind) ? LIMITS.filter((name) => typeof rule[name] === "number") : [];
    const all = [...numbers, ...limits.map((name) => rule[name])];
    if (!all.length) { this.root.hidden = true; return; }
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const room = (most - least || Math.abs(most) || 1) * 0.1;
    const [low, high] = [least - room, most + room];
    const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": gettext("The stored values, and when it would have been on") });
    const mine = found.alarms.filter(({ device, metric }) => `${device}/${metric}` === this.line?.key);
    for (const { since, until } of mine) {
      const [x, end] = [since, until ?? found.to].map((ts) => ((ts - found.from) / (found.to - found.from)) * WIDTH);
      svg.append(element("rect", { class: "would", x: x.toFixed(1), y: "0", width: Math.max(1.5, end - x).toFixed(1), height: String(HEIGHT) }));
    }
    svg.append(element("path", { d: pathOf(points, found.from, found.to, low, high) }));
    const handles = limits.map((name) => this.handle(name, rule[name], low, high));
    // The handle in somebody's hand stays the same element.
    const held = this.root.querySelector("[data-held]");
    if (held) { this.root.querySelector("svg")?.replaceWith(svg); return; }
    const frame = document.createElement("div");
    frame.className = "tried-chart";
    frame.append(svg, ...handles);
    const focused = document.activeElement instanceof HTMLElement && this.root.contains(document.activeElement) ? document.activeElement.dataset.limit : "";
    this.root.replaceChildren(frame);
    if (focused) /** @type {HTMLElement|null} */ (frame.querySelector(`[data-limit="${focused}"]`))?.focus();
  }

  /** @param {"low"|"high"} name @param {number} value @param {number} low @param {number} high */
  handle(name, value, low, high) {
    const handle = document.createElement("div");
    const step = (high - low) / HEIGHT;
    handle.className = "limit";
    handle.dataset.limit = name;
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-orientation", "vertical");
    handle.setAttribute("aria-label", name === "low" ? gettext("lower limit") : gettext("upper limit"));
    const place = (/** @type {number} */ at) => {
      handle.style.insetBlockStart = `${(100 * (high - at)) / (high - low)}%`;
      handle.setAttribute("aria-valuenow", String(at));
      handle.setAttribute("aria-valuemin", String(rounded(low, step)));
      handle.setAttribute("aria-valuemax", String(rounded(high, step)));
      handle.textContent = filled(name === "low" ? gettext("below %(n)s") : gettext("above %(n)s"), { n: at });
    };
    let at = value;
    const move = (/** @type {number} */ to) => {
      at = rounded(Math.min(high, Math.max(low, to)), step);
      place(at);
      this.change(name, at);
    };
    place(at);
    handle.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (!steps) return;
      event.preventDefault();
      move(at + steps * step);
    });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.dataset.held = "1";
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.dataset.held) return;
      const { top, height } = this.root.getBoundingClientRect();
      move(high - ((event.clientY - top) / height) * (high - low));
    });
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => delete handle.dataset.held);
    return handle;
  }
}

/** @param {string} key @param {{ from: number, to: number }} span @returns {Promise<[number, number|null][]>} */
async function read(key, span) {
  const answer = await fetch(`/api/v1/readings?keys=${encodeURIComponent(key)}&from=${Math.round(span.from)}&to=${Math.round(span.to)}&points=${POINTS}`);
  if (!answer.ok) return [];
  const columns = (await answer.json()).series[0];
  return columns ? columns.ts.map((/** @type {number} */ ts, /** @type {number} */ at) => [ts, columns.value[at]]) : [];
}

/** @param {string} name @param {Record<string, string>} attributes */
function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
