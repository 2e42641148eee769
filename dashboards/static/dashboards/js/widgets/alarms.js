// What is on of a site, a device, or everything: as it comes and goes.

import { formatTime } from "../display/format.js";
import { gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */
/** @typedef {{ id: number, seq: number, rule: string, severity: string, state: string, device: string, name: string, metric: string, value: string, unit: string, since: number }} Told */

const SEVERITIES = ["critical", "warning", "info"];
const WORDS = /** @type {Record<string, string>} */ ({ critical: gettext("critical"), warning: gettext("warning"), info: gettext("information") });
const ON = new Set(["raised", "acknowledged", "latched"]);

/** @param {Iterable<Told>} alarms @param {string} device of which alone; "": of all @param {number} count @returns {Told[]} what is on, worst first */
export function worstOn(alarms, device, count) {
  const answered = (/** @type {Told} */ alarm) => Number(alarm.state === "acknowledged");
  return [...alarms]
    .filter((alarm) => ON.has(alarm.state) && (!device || alarm.device === device))
    .sort((a, b) => answered(a) - answered(b) || SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.since - a.since)
    .slice(0, count);
}

/** @param {Place} place */
export function mount(place) {
  const list = /** @type {HTMLElement|null} */ (place.root.querySelector("[data-alarms]"));
  const { site, device, count } = place.options;
  // By a link there are none.
  if (!list) return { draw() {} };
  /** @type {Map<number, Told>} */
  const known = new Map();
  const { socket } = place.board.feeds;
  const id = socket.subscribe({ kind: "alarms", ...(site ? { match: { site } } : {}) }, (frame) => {
    if (frame.t !== "upd") return;
    if (frame.whole) known.clear();
    for (const alarm of frame.alarms) {
      if (ON.has(alarm.state)) known.set(alarm.id, alarm);
      else known.delete(alarm.id);
    }
    const shown = worstOn(known.values(), device, count);
    list.replaceChildren(...(shown.length ? shown.map(item) : [nothing()]));
  });
  return { draw() {}, disconnect: () => socket.unsubscribe(id) };
}

/** @param {Told} alarm */
function item(alarm) {
  const made = document.createElement("li");
  made.dataset.severity = alarm.severity;
  const [first, second] = [document.createElement("p"), document.createElement("p")];
  const severity = part("span", "severity", WORDS[alarm.severity] ?? alarm.severity);
  severity.dataset.severity = alarm.severity;
  first.append(severity, " ", link(`/alarms/${alarm.id}`, alarm.rule));
  second.append(link(`/devices/${encodeURIComponent(alarm.device)}/`, alarm.name), " ");
  if (alarm.metric) second.append(part("span", "metric", alarm.metric), " ");
  if (alarm.value) second.append(part("b", "", alarm.value), " ", part("span", "unit", alarm.unit), " ");
  second.append(part("time", "", formatTime(Math.floor(alarm.since))));
  if (alarm.state === "acknowledged") second.append(" ", part("span", "quiet", gettext("acknowledged")));
  made.append(first, second);
  return made;
}

function nothing() {
  return part("li", "quiet", gettext("No alarm is on."));
}

/** @param {string} name @param {string} className @param {string} text */
function part(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} href @param {string} text */
function link(href, text) {
  const made = document.createElement("a");
  made.href = href;
  made.textContent = text;
  return made;
}
