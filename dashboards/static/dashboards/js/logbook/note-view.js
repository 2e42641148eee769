// One note as it stands in a list. What people write is text, and never anything else.

import { formatTime } from "../display/format.js";
import { showAge } from "../display/server-clock.js";
import { filled, gettext } from "../display/i18n.js";

/**
 * @typedef {{ id: number, seq: number, at: number, author: string, text: string, from: number|null, to: number|null, metric: string, parent: number|null, edited: boolean, deleted_by: string, pictures?: { url: string, width: number, height: number }[], may_change: boolean, may_delete: boolean, url: string }} Note
 * @typedef {{ reply: (note: Note) => void, edit: (note: Note) => void, remove: (note: Note) => void }} Actions
 */

const NAMED = /(?<![\w@])(@[\w.+-][\w.@+-]*)/g;

/** @param {string} text @returns {{ words: string, isName: boolean }[]} in parts, names apart */
export function partsOf(text) {
  return text.split(NAMED).map((words, n) => ({ words, isName: n % 2 === 1 })).filter(({ words }) => words);
}

/** @param {Note} note @returns {string} where the span that it is about is seen */
export function spanUrl({ url, from, to, metric }) {
  // A moment is seen with what is around it.
  const room = Math.max(60_000, ((to ?? 0) - (from ?? 0)) * 0.25);
  const query = new URLSearchParams({ from: String(Math.round((from ?? 0) - room)), to: String(Math.round((to ?? 0) + room)) });
  return `${url}?${query}${metric ? `#metric-${encodeURIComponent(metric)}` : ""}`;
}

/** @param {Note} note @param {boolean} mayWrite @param {Actions} actions @returns {HTMLElement} */
export function noteView(note, mayWrite, actions) {
  const item = document.createElement("li");
  item.className = "note-entry";
  item.id = `note-${note.id}`;
  item.dataset.note = String(note.id);
  item.append(headOf(note), bodyOf(note), ...picturesOf(note), barOf(note, mayWrite, actions));
  return item;
}

/** @param {Note} note */
function headOf(note) {
  const head = document.createElement("p");
  const [author, age] = [document.createElement("b"), document.createElement("time")];
  author.textContent = note.author;
  age.dateTime = new Date(note.at).toISOString();
  age.title = formatTime(note.at);
  showAge(age, note.at);
  head.append(author, " ", age);
  if (note.edited && !note.deleted_by) head.append(" ", quiet(gettext("edited")));
  if (note.from !== null && note.to !== null) {
    const link = document.createElement("a");
    link.href = spanUrl(note);
    link.textContent = [note.metric, filled(gettext("%(from)s to %(to)s"), { from: formatTime(note.from), to: formatTime(note.to) })].filter(Boolean).join(", ");
    head.append(" ", link);
  }
  return head;
}

/** @param {Note} note */
function bodyOf(note) {
  const body = document.createElement("p");
  body.className = "note-text";
  if (note.deleted_by) body.append(quiet(filled(gettext("Taken away by %(by)s"), { by: note.deleted_by })));
  for (const { words, isName } of partsOf(note.text)) {
    const part = document.createElement(isName ? "b" : "span");
    part.textContent = words;
    body.append(part);
  }
  return body;
}

/** @param {Note} note @returns {HTMLElement[]} */
function picturesOf(note) {
  if (!note.pictures?.length || note.deleted_by) return [];
  const made = document.createElement("p");
  made.className = "note-pictures";
  for (const { url, width, height } of note.pictures) {
    const [link, image] = [document.createElement("a"), document.createElement("img")];
    link.href = image.src = url;
    image.width = width;
    image.height = height;
    image.loading = "lazy";
    image.alt = filled(gettext("Picture of %(author)s"), { author: note.author });
    link.append(image);
    made.append(link);
  }
  return [made];
}

/** @param {Note} note @param {boolean} mayWrite @param {Actions} actions */
function barOf(note, mayWrite, actions) {
  const bar = document.createElement("p");
  bar.className = "note-bar";
  const add = (/** @type {string} */ words, /** @type {() => void} */ act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = words;
    button.addEventListener("click", act);
    bar.append(button);
  };
  if (note.deleted_by) return bar;
  if (mayWrite && note.parent === null) add(gettext("Answer"), () => actions.reply(note));
  if (note.may_change) add(gettext("Change"), () => actions.edit(note));
  if (note.may_delete) add(gettext("Take away"), () => actions.remove(note));
  return bar;
}

/** @param {string} words */
function quiet(words) {
  const made = document.createElement("span");
  made.className = "quiet";
  made.textContent = words;
  return made;
}
