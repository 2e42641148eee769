// The last packets of all workers, asked from the API once a second.

import { now } from "../display/server-clock.js";
import { formatTime, formatValue, numberText } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";

const ROWS = 200;

/**
 * @param {Record<string, any>} packet
 * @returns {string} what became of it, in words
 */
export function became(packet) {
  const samples = packet.samples.map((/** @type {any} */ s) => `${s.metric} = ${typeof s.value === "number" ? numberText(s.value) : formatValue(s.value)}`).join(", ");
  const where = packet.position === null ? "" : ` at ${packet.position}`;
  const why = packet.reason ? `: ${packet.reason}, ${packet.detail}${where}` : "";
  const bad = packet.bad.map((/** @type {any} */ b) => `${b[0]}: ${b[1]}`).join("; ");
  return `${packet.result}${why}${samples ? ` (${samples})` : ""}${packet.status ? ` (status ${packet.status})` : ""}${bad ? ` [not stored: ${bad}]` : ""}`;
}

/** @param {number|null} ms device time minus arrival */
export function clockWords(ms) {
  if (ms === null) return gettext("no time of its own");
  const seconds = Math.abs(ms) / 1_000;
  if (seconds < 1) return gettext("in step");
  return filled(ms < 0 ? gettext("%(n)s s behind") : gettext("%(n)s s ahead"), { n: formatValue(Number(seconds.toFixed(1))) });
}

export class LastPackets {
  /** @param {HTMLElement} root has the table, its words, and `data-device` or `data-filter` to narrow it */
  constructor(root) {
    this.root = root;
    this.after = "";
    this.body = /** @type {HTMLTableSectionElement} */ (root.querySelector("[data-packets]"));
    this.words = /** @type {HTMLElement} */ (root.querySelector("[data-words]"));
    this.template = /** @type {HTMLTemplateElement} */ (root.querySelector("template"));
    /** Whether to go on asking. */
    this.wanted = () => true;
  }

  async ask() {
    if (this.wanted()) await this.askOnce();
    setTimeout(() => this.ask(), 1_000);
  }

  async askOnce() {
    const { device = "", filter = "" } = this.root.dataset;
    const query = new URLSearchParams({ after: this.after, device, filter });
    try {
      const answer = await fetch(`/api/v1/packets?${query}`);
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.detail);
      this.after = found.after;
      for (const packet of found.packets) this.body.prepend(this.row(packet));
      while (this.body.rows.length > ROWS) this.body.rows[ROWS].remove();
      const lost = found.unreachable.length ? ` ${filled(gettext("Not reached: %(workers)s."), { workers: found.unreachable.join(", ") })}` : "";
      this.words.textContent = filled(gettext("Newest first, asked at %(time)s."), { time: formatTime(now()) }) + lost;
    } catch (error) {
      this.words.textContent = filled(gettext("Not live: %(problem)s. Trying again."), { problem: error instanceof Error ? error.message : error });
    }
  }

  /** @param {Record<string, any>} packet @returns {HTMLElement} */
  row(packet) {
    const row = /** @type {DocumentFragment} */ (this.template.content.cloneNode(true));
    const fields = {
      at: formatTime(packet.received_at),
      topic: packet.topic,
      qos: `${packet.qos}${packet.retain ? " retained" : ""}${packet.dup ? " again" : ""}`,
      payload: packet.payload ?? `base64 ${packet.payload_base64}`,
      became: became(packet),
      clock: clockWords(packet.clock_difference_ms),
    };
    for (const [name, words] of Object.entries(fields)) {
      const cell = row.querySelector(`[data-f=${name}]`);
      if (cell) cell.textContent = words;
    }
    return /** @type {HTMLElement} */ (row.firstElementChild);
  }
}

/** The last packets of all, which a button holds, or of a device. */
export function startInspect() {
  const root = document.getElementById("last-packets") ?? /** @type {HTMLElement|null} */ (document.querySelector("section[data-device]"));
  if (!root) return;
  const packets = new LastPackets(root);
  const hold = /** @type {HTMLButtonElement|null} */ (document.getElementById("hold"));
  const held = () => hold?.getAttribute("aria-pressed") === "true";
  hold?.addEventListener("click", () => hold.setAttribute("aria-pressed", String(!held())));
  packets.wanted = () => !held() && !document.hidden;
  packets.ask();
}
