// The last packets of all workers, asked from the API once a second.

import { now } from "./clock.js";
import { formatTime, formatValue } from "./format.js";

const ROWS = 200;

/**
 * @param {Record<string, any>} packet
 * @returns {string} what became of it, in words
 */
export function became(packet) {
  const samples = packet.samples.map((/** @type {any} */ s) => `${s.metric} = ${formatValue(s.value)}`).join(", ");
  const where = packet.position === null ? "" : ` at ${packet.position}`;
  const why = packet.reason ? `: ${packet.reason}, ${packet.detail}${where}` : "";
  const bad = packet.bad.map((/** @type {any} */ b) => `${b[0]}: ${b[1]}`).join("; ");
  return `${packet.result}${why}${samples ? ` (${samples})` : ""}${packet.status ? ` (status ${packet.status})` : ""}${bad ? ` [not stored: ${bad}]` : ""}`;
}

/** @param {number|null} ms device time minus arrival */
export function clockWords(ms) {
  if (ms === null) return "no time of its own";
  const seconds = Math.abs(ms) / 1_000;
  if (seconds < 1) return "in step";
  return `${formatValue(Number(seconds.toFixed(1)))} s ${ms < 0 ? "behind" : "ahead"}`;
}

export class Inspect {
  constructor() {
    this.after = "";
    this.body = /** @type {HTMLTableSectionElement} */ (document.getElementById("packets"));
    this.words = /** @type {HTMLElement} */ (document.getElementById("inspect-words"));
    this.hold = /** @type {HTMLButtonElement} */ (document.getElementById("hold"));
    this.template = /** @type {HTMLTemplateElement} */ (document.getElementById("packet"));
    this.query = new URLSearchParams(location.search);
  }

  connect() {
    this.hold.addEventListener("click", () => {
      const held = this.hold.getAttribute("aria-pressed") === "true";
      this.hold.setAttribute("aria-pressed", String(!held));
    });
    this.ask();
  }

  async ask() {
    if (this.hold.getAttribute("aria-pressed") !== "true") await this.askOnce();
    setTimeout(() => this.ask(), 1_000);
  }

  async askOnce() {
    const query = new URLSearchParams({ after: this.after });
    for (const name of ["device", "filter"]) query.set(name, this.query.get(name) ?? "");
    try {
      const answer = await fetch(`/api/v1/packets?${query}`);
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.detail);
      this.after = found.after;
      for (const packet of found.packets) this.body.prepend(this.row(packet));
      while (this.body.rows.length > ROWS) this.body.rows[ROWS].remove();
      const lost = found.unreachable.length ? ` Not reached: ${found.unreachable.join(", ")}.` : "";
      this.words.textContent = `Newest first, asked at ${formatTime(now())}.${lost}`;
    } catch (error) {
      this.words.textContent = `Not live: ${error instanceof Error ? error.message : error}. Trying again.`;
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
