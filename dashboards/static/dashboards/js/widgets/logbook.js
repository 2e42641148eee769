// The newest notes of a site or a device: those that come, at once.

import { noteView } from "../logbook/note-view.js";

/** @typedef {import("../logbook/note-view.js").Note} Note */
/** @typedef {import("./widget-context.js").Place} Place */

const NOTHING = { reply() {}, edit() {}, remove() {} };

/** @param {Iterable<Note>} notes @param {number} count @returns {Note[]} the newest, as they are shown */
export function newestNotes(notes, count) {
  return [...notes].filter((note) => !note.deleted_by).sort((a, b) => b.at - a.at || b.id - a.id).slice(0, count);
}

/** @param {Place} place */
export function mount(place) {
  const list = /** @type {HTMLElement|null} */ (place.root.querySelector("[data-notes]"));
  const { site, device, count } = place.options;
  // By a link there are none.
  if (!list) return { draw() {} };
  /** @type {Map<number, Note>} */
  const known = new Map();
  const { socket } = place.board.feeds;
  const id = socket.subscribe({ kind: "room", ...(site ? { site } : { device }) }, (frame) => {
    if (frame.t !== "upd" || !frame.notes?.length) return;
    for (const note of frame.notes) known.set(note.id, note);
    const shown = newestNotes(known.values(), count).map((note) => noteView({ ...note, may_change: false, may_delete: false }, false, NOTHING));
    for (const item of shown) item.removeAttribute("id");
    list.replaceChildren(...shown);
  });
  return { draw() {}, disconnect: () => socket.unsubscribe(id) };
}
