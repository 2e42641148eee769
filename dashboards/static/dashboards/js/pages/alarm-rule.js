// The form of a rule: the fields that its kind needs, and what it would have raised while its
// numbers change; limits are dragged on the chart of its first series.

import { filled, gettext, ngettext } from "../display/i18n.js";
import { TriedChart } from "../charts/tried-chart.js";

const WAIT_MS = 300;

/** What each kind is made of. @type {Record<string, string[]>} */
const FIELDS = {
  above: ["high", "unit", "hysteresis", "for_s", "clear_s"],
  below: ["low", "unit", "hysteresis", "for_s", "clear_s"],
  outside: ["low", "high", "unit", "hysteresis", "for_s", "clear_s"],
  equals: ["words", "for_s", "clear_s"],
  changes: ["words", "clear_s"],
  rate: ["low", "high", "unit", "window_s", "for_s", "clear_s"],
  stuck: ["window_s", "hysteresis", "unit", "for_s", "clear_s"],
  missing: ["for_s"],
  difference: ["other_metric", "low", "high", "hysteresis", "unit", "for_s", "clear_s"],
};
const BY_KIND = new Set(Object.values(FIELDS).flat());
const NUMBERS = new Set(["low", "high", "hysteresis"]);
const SECONDS = new Set(["window_s", "for_s", "clear_s", "again_s"]);

/** @param {string} kind @param {string} name @returns {boolean} whether a field is shown */
export function isShown(kind, name) {
  return !BY_KIND.has(name) || kind === "" || (FIELDS[kind] ?? []).includes(name);
}

/** @param {FormData} data @returns {Record<string, any>} the rule as the API has it */
export function ruleOf(data) {
  /** @type {Record<string, any>} */
  const rule = { latched: data.has("latched"), name: String(data.get("name") || "-") };
  const plain = ["metric", "kind", "unit", "words", "other_metric", "severity", "days", "starts", "ends", "zone", "site", "tag"];
  for (const name of plain) rule[name] = String(data.get(name) ?? "").trim();
  rule.type = String(data.get("device_type") ?? "").trim();
  rule.device = String(data.get("device_key") ?? "").trim();
  for (const name of NUMBERS) if (data.get(name)) rule[name] = Number(data.get(name));
  for (const name of SECONDS) rule[name] = Number(data.get(name) || 0);
  for (const name of ["starts", "ends"]) if (!rule[name]) rule[name] = null;
  return rule;
}

/** @param {any} found @returns {string} what a back-test has found, in words */
export function triedWords(found) {
  const count = filled(ngettext("%(n)s alarm", "%(n)s alarms", found.count), { n: found.count });
  const days = Math.round((found.to - found.from) / 86_400_000);
  const span = filled(ngettext("in %(n)s day", "in %(n)s days", days), { n: days });
  const long = found.longer_than_10_minutes ? filled(gettext(", %(n)s longer than 10 minutes"), { n: found.longer_than_10_minutes }) : "";
  const some = found.series < found.of ? filled(gettext(" (asked of %(n)s of %(of)s series)"), { n: found.series, of: found.of }) : "";
  return found.of === 0 ? gettext("No series is like that yet.") : `${count} ${span}${long}${some}`;
}

export function startRule() {
  const form = /** @type {HTMLFormElement|null} */ (document.getElementById("rule"));
  const words = document.getElementById("tried");
  const place = document.getElementById("tried-chart");
  if (!form || !words || !place) return;
  const chart = new TriedChart(place, (name, value) => set(form, name, value));
  let timer = 0;
  let asked = 0;
  const show = () => {
    const kind = field(form, "kind")?.value ?? "";
    for (const label of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-field]"))) label.hidden = !isShown(kind, label.dataset.field ?? "");
  };
  const test = async () => {
    const mine = ++asked;
    const rule = ruleOf(new FormData(form));
    if (!rule.kind || !(rule.metric || rule.kind === "missing")) return;
    words.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("/api/v1/alarm-rules/back-test", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": field(form, "csrfmiddlewaretoken")?.value ?? "" },
        body: JSON.stringify({ rule, days: Number(field(form, "days_back")?.value ?? 30) }),
      });
      const found = await answer.json();
      if (mine !== asked) return;
      words.textContent = answer.ok ? triedWords(found) : found.detail;
      if (answer.ok) chart.show(found, rule);
    } catch {
      if (mine === asked) words.textContent = gettext("The server cannot be reached.");
    } finally {
      if (mine === asked) words.removeAttribute("aria-busy");
    }
  };
  const later = () => {
    show();
    clearTimeout(timer);
    timer = window.setTimeout(test, WAIT_MS);
  };
  form.addEventListener("input", later);
  const button = document.getElementById("try");
  if (button) button.hidden = true;
  show();
  test();
}

/** @param {HTMLFormElement} form @param {string} name */
function field(form, name) {
  return /** @type {HTMLInputElement|HTMLSelectElement|null} */ (form.elements.namedItem(name));
}

/** @param {HTMLFormElement} form @param {string} name @param {number} value */
function set(form, name, value) {
  const input = field(form, name);
  if (!input) return;
  input.value = String(value);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
