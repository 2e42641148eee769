// The list of jobs: how far each is, over the socket. A job that is new here reloads the list.

import { gettext } from "../display/i18n.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */
/** @typedef {{ id: number, kind: string, state: string, percent: number, words: string, result: Record<string, any> }} Job */

const STATES = /** @type {Record<string, string>} */ ({
  asking: gettext("waits for you"),
  waiting: gettext("waiting"),
  running: gettext("running"),
  done: gettext("done"),
  failed: gettext("failed"),
  cancelled: gettext("cancelled"),
  expired: gettext("file removed"),
});

/**
 * @param {Job} job
 * @returns {boolean} whether it is still to come to an end
 */
export function isOpen(job) {
  return job.state === "asking" || job.state === "waiting" || job.state === "running";
}

/**
 * @param {Element} item the job's element
 * @param {Job} job
 */
export function showJob(item, job) {
  item.setAttribute("data-state", job.state);
  const words = item.querySelector("[data-state-words]");
  if (words) words.textContent = STATES[job.state] ?? job.state;
  const more = item.querySelector("[data-words]");
  if (more) more.textContent = job.words ? `: ${job.words}` : "";
  const bar = item.querySelector("progress");
  if (bar) {
    bar.value = job.percent;
    bar.hidden = job.state !== "waiting" && job.state !== "running";
  }
  const file = item.querySelector("[data-file]");
  if (file instanceof HTMLElement) file.hidden = job.state !== "done" || !job.result.bytes;
  const cancel = item.querySelector("[data-cancel]");
  if (cancel instanceof HTMLElement) cancel.hidden = !isOpen(job);
}

export class JobsPage {
  /** @param {LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.subscription = 0;
  }

  connect() {
    this.subscription = this.socket.subscribe({ kind: "jobs" }, (frame) => this.take(frame));
  }

  disconnect() {
    this.socket.unsubscribe(this.subscription);
  }

  /** @param {Record<string, any>} frame */
  take(frame) {
    for (const job of frame.jobs ?? []) {
      const item = document.getElementById(`job-${job.id}`);
      if (item) showJob(item, job);
      else if (document.getElementById("jobs") && isOpen(job)) location.reload();
    }
  }
}
