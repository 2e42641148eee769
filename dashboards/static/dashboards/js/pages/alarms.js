// The list of alarms: made anew by the server when one has changed; a sound, where it is wanted.

import { localTimes } from "../display/server-clock.js";
import { fetchPage } from "../live/fetched-page.js";

const SOUND = "iotbridge.alarm-sound";
// However quickly they change.
const LEAST_MS = 1_000;

/** @typedef {{ state: string, severity: string, seq: number, acknowledged: any, history: boolean }} Told */

/** @param {Told[]} alarms @param {number} seq @returns {boolean} whether one of them rang after number `seq` */
export function rings(alarms, seq) {
  return alarms.some((alarm) => alarm.seq > seq && alarm.state === "raised" && alarm.severity !== "info");
}

export class AlarmsPage {
  /** @param {import("../live/socket.js").LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.root = /** @type {HTMLElement} */ (document.getElementById("alarms"));
    this.button = document.getElementById("sound");
    this.timer = 0;
    this.loadedAt = Date.now();
    /** Up to which change it is known; -1: of none. */
    this.seq = -1;
  }

  connect() {
    this.sound = localStorage.getItem(SOUND) === "1";
    this.showSound();
    this.button?.addEventListener("click", () => this.toggle());
    document.addEventListener("alarms", (event) => this.take(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {{ alarms: Told[], whole: boolean }} frame */
  take(frame) {
    const newest = Math.max(this.seq, ...frame.alarms.map(({ seq }) => seq));
    const isFirst = this.seq < 0;
    if (!isFirst && this.sound && rings(frame.alarms, this.seq)) beep();
    this.seq = Math.max(newest, 0);
    if (!isFirst && !this.timer) this.timer = window.setTimeout(() => this.reload(), Math.max(0, LEAST_MS - (Date.now() - this.loadedAt)));
  }

  async reload() {
    this.timer = 0;
    this.loadedAt = Date.now();
    const url = new URL(location.href);
    url.searchParams.set("fragment", "1");
    try {
      const html = await fetchPage(url);
      if (!html) return;
      const chosen = [.../** @type {NodeListOf<HTMLInputElement>} */ (this.root.querySelectorAll("input:checked"))].map(({ value }) => value);
      const focused = document.activeElement instanceof HTMLInputElement && this.root.contains(document.activeElement) ? document.activeElement.value : "";
      this.root.replaceChildren(...html.body.childNodes);
      for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (this.root.querySelectorAll("input[type=checkbox]"))) {
        box.checked = chosen.includes(box.value);
        if (focused && box.value === focused) box.focus();
      }
      localTimes(this.root);
    } catch {
      // The link line says that the server cannot be reached.
    }
  }

  toggle() {
    this.sound = !this.sound;
    localStorage.setItem(SOUND, this.sound ? "1" : "0");
    this.showSound();
    // Browsers let a page be heard once somebody has touched it: so this is the proof, too.
    if (this.sound) beep();
  }

  showSound() {
    if (!this.button) return;
    this.button.hidden = false;
    this.button.setAttribute("aria-pressed", String(this.sound));
  }
}

function beep() {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.setValueAtTime(0.2, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.6);
  tone.frequency.value = 880;
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.6);
  tone.addEventListener("ended", () => context.close());
}
