// The logbook of what a page shows: new notes at once, who else is here, and what one says oneself.

import { csrfToken } from "../live/polling.js";
import { formatTime } from "../display/format.js";
import { noteView } from "./note-view.js";
import { filled, gettext, ngettext } from "../display/i18n.js";

/** @typedef {import("./note-view.js").Note} Note */
/** @typedef {{ name: string, since: number, idle: boolean }} Here */

// Charts of the page draw the spans that notes are about.
export const NOTES = "iotbridge:notes";

/** @param {Here[]} here @returns {string} who is there, in words */
export function hereWords(here) {
  return here.map(({ name, idle }) => (idle ? filled(gettext("%(name)s (away)"), { name }) : name)).join(", ");
}

/** @param {Here[]} before @param {Here[]} here @returns {string} who came and went since; "" for nobody */
export function changeWords(before, here) {
  const names = (/** @type {Here[]} */ people) => new Set(people.map(({ name }) => name));
  const [old, now] = [names(before), names(here)];
  const came = [...now].filter((name) => !old.has(name));
  const went = [...old].filter((name) => !now.has(name));
  return [
    came.length ? filled(gettext("%(names)s joined"), { names: came.join(", ") }) : "",
    went.length ? filled(gettext("%(names)s left"), { names: went.join(", ") }) : "",
  ].filter(Boolean).join("; ");
}

export class Notes {
  /** @param {HTMLElement} root @param {import("../live/socket.js").LiveSocket} socket */
  constructor(root, socket) {
    this.root = root;
    this.socket = socket;
    this.list = /** @type {HTMLElement} */ (root.querySelector("ol"));
    this.form = /** @type {HTMLFormElement|null} */ (root.querySelector("form"));
    this.words = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));
    this.target = { [root.dataset.kind ?? ""]: root.dataset.name ?? "" };
    /** @type {Map<number, Note>} */
    this.notes = new Map();
    /** @type {Here[]|null} */
    this.here = null;
    /** What the form is about besides: a span, what is answered, what is changed. @type {Record<string, any>} */
    this.about = {};
    /** @type {Note|null} */
    this.changing = null;
  }

  connect() {
    this.socket.subscribe({ kind: "room", ...this.target }, (frame) => frame.t === "upd" && this.take(frame.notes, frame.here));
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.form?.querySelector("[data-cancel]")?.addEventListener("click", () => this.compose({}));
    this.text?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form?.requestSubmit();
      if (event.key === "Escape") this.compose({});
    });
  }

  /** @returns {HTMLTextAreaElement|null} */
  get text() {
    return this.form?.querySelector("textarea") ?? null;
  }

  /** @param {Note[]} notes @param {Here[]} here */
  take(notes, here) {
    // The first frame is all there is: what the server wrote into the page stands in it, too.
    if (this.here === null) this.list.replaceChildren();
    for (const note of notes) this.notes.set(note.id, note);
    if (notes.length || this.here === null) this.show();
    this.tellHere(here);
    const spans = [...this.notes.values()].filter((note) => note.from !== null && !note.deleted_by);
    document.dispatchEvent(new CustomEvent(NOTES, { detail: spans }));
  }

  /** @param {Here[]} here */
  tellHere(here) {
    const told = /** @type {HTMLElement} */ (this.root.querySelector("[data-here]"));
    const mine = document.querySelector(".person .name")?.textContent ?? "";
    const others = here.filter(({ name }) => name !== mine);
    told.textContent = others.length ? filled(gettext("Also here: %(names)s"), { names: hereWords(others) }) : "";
    const change = this.here ? changeWords(this.here.filter(({ name }) => name !== mine), others) : "";
    if (change) this.words.textContent = change;
    this.here = here;
  }

  /** Write the notes anew: the newest first, answers below what they answer. */
  show() {
    const actions = { reply: (/** @type {Note} */ note) => this.compose({ parent: note.id }, note), edit: (/** @type {Note} */ note) => this.change(note), remove: (/** @type {Note} */ note) => this.remove(note) };
    const notes = [...this.notes.values()].sort((a, b) => b.at - a.at || b.id - a.id);
    const mayWrite = this.form !== null;
    /** @type {Map<number, HTMLElement>} */
    const threads = new Map();
    const made = notes.filter(({ parent }) => parent === null || !this.notes.has(parent)).map((note) => {
      const item = noteView(note, mayWrite, actions);
      threads.set(note.id, item);
      return item;
    });
    for (const note of notes.reverse()) {
      const thread = note.parent === null ? undefined : threads.get(note.parent);
      if (!thread) continue;
      const answers = thread.querySelector("ol") ?? thread.appendChild(document.createElement("ol"));
      answers.append(noteView(note, mayWrite, actions));
    }
    this.list.replaceChildren(...made);
    const count = this.root.querySelector("[data-count]");
    if (count) count.textContent = notes.length ? filled(ngettext("%(n)s note", "%(n)s notes", notes.length), { n: notes.length }) : "";
  }

  /** Begin a note. @param {Record<string, any>} about `from`, `to`, `metric`, or `parent` @param {Note} [answered] */
  compose(about, answered) {
    if (!this.form || !this.text) return;
    this.about = about;
    this.changing = null;
    const told = /** @type {HTMLElement} */ (this.form.querySelector("[data-about]"));
    const span = about.from !== undefined ? [about.metric, filled(gettext("%(from)s to %(to)s"), { from: formatTime(about.from), to: formatTime(about.to) })].filter(Boolean).join(", ") : "";
    told.textContent = answered ? filled(gettext("Answer to %(author)s"), { author: answered.author }) : span && filled(gettext("About %(span)s"), { span });
    this.showCancel(Object.keys(about).length > 0);
    if (Object.keys(about).length) this.text.focus();
    if (Object.keys(about).length) this.form.scrollIntoView({ block: "center" });
  }

  /** @param {boolean} is */
  showCancel(is) {
    const cancel = /** @type {HTMLElement|null} */ (this.form?.querySelector("[data-cancel]") ?? null);
    if (cancel) cancel.hidden = !is;
  }

  /** @param {Note} note */
  change(note) {
    this.compose({ id: note.id });
    this.changing = note;
    const told = this.form?.querySelector("[data-about]");
    if (told) told.textContent = gettext("Change what you wrote");
    if (this.text) this.text.value = note.text;
  }

  async send() {
    const text = this.text?.value.trim() ?? "";
    if (!text || !this.text) return;
    const done = this.changing ? await this.ask("PATCH", `/${this.changing.id}`, { text }) : await this.ask("POST", "", { ...(this.about.parent ? {} : this.target), ...this.about, text });
    if (!done) return;
    await this.sendPictures(done);
    // Empty, and not wrong for that.
    this.form?.reset();
    this.compose({});
    // It comes by the socket as others' do; where that is away, at once.
    if (this.socket.link.state !== "live") this.take([done], this.here ?? []);
  }

  /** What was chosen goes with the note: each is told of as a change of it. @param {Note} note */
  async sendPictures(note) {
    const files = /** @type {HTMLInputElement|null} */ (this.form?.querySelector("input[type=file]"))?.files ?? [];
    for (const file of files) await this.ask("POST", `/${note.id}/pictures`, file);
  }

  /** @param {Note} note */
  async remove(note) {
    await this.ask("DELETE", `/${note.id}`);
  }

  /** @param {string} method @param {string} path @param {any} [body] @returns {Promise<Note|null>} */
  async ask(method, path, body) {
    try {
      const isFile = body instanceof File;
      const type = isFile ? body.type || "application/octet-stream" : "application/json";
      const answer = await fetch(`/api/v1/notes${path}`, { method, headers: { "Content-Type": type, "X-CSRFToken": csrfToken() }, body: isFile ? body : body && JSON.stringify(body) });
      if (answer.status === 204) return null;
      if (answer.status === 413) throw new Error(gettext("This file is too large: 5 MB at most."));
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.detail);
      this.words.textContent = gettext("Saved");
      return told;
    } catch (error) {
      // What was written stays in the field.
      this.words.textContent = filled(gettext("Not saved: %(words)s"), { words: error instanceof Error ? error.message : error });
      return null;
    }
  }
}

/** @param {import("../live/socket.js").LiveSocket} socket @returns {Notes|null} */
export function startNotes(socket) {
  const root = document.getElementById("notes");
  if (!root) return null;
  const notes = new Notes(root, socket);
  notes.connect();
  // A chart asks for a note about what it shows.
  document.addEventListener("iotbridge:note-about", (event) => notes.compose(/** @type {CustomEvent} */ (event).detail));
  return notes;
}
