// The search over everything: `/` or Ctrl K, arrows, Enter.

import { filled, gettext, ngettext } from "../display/i18n.js";

const WAIT_MS = 60;

/** @typedef {{ kind: string, title: string, detail: string, url: string }} Hit */

/** @returns {Record<string, string>} what each kind of thing is called */
function kinds() {
  return { device: gettext("device"), metric: gettext("metric"), site: gettext("site"), board: gettext("board"), page: gettext("page"), type: gettext("device type") };
}

/** Whether a key is typed into something. @param {EventTarget|null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

class Search {
  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.dialog = dialog;
    this.input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
    this.list = /** @type {HTMLElement} */ (dialog.querySelector("[role=listbox]"));
    this.words = /** @type {HTMLElement} */ (dialog.querySelector("[role=status]"));
    /** @type {Hit[]} */
    this.hits = [];
    /** What they are of; null: nothing was answered yet. @type {string|null} */
    this.answered = null;
    this.at = 0;
    this.timer = 0;
    /** @type {AbortController|null} */
    this.asking = null;
  }

  connect() {
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.ask(), WAIT_MS);
    });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => {
      const item = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (item) this.go([...this.list.children].indexOf(item));
    });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  open() {
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.input.select();
    this.ask();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.hits.length) {
      event.preventDefault();
      this.choose((this.at + step + this.hits.length) % this.hits.length);
    } else if (event.key === "Escape") {
      // A field of this type would be emptied first.
      event.preventDefault();
      this.dialog.close();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.enter();
    }
  }

  /** Go to what is chosen; where something else was typed meanwhile, to the first of that. */
  async enter() {
    if (this.input.value.trim() !== this.answered) {
      clearTimeout(this.timer);
      await this.ask();
    }
    if (this.input.value.trim() === this.answered) this.go(this.at);
  }

  async ask() {
    this.asking?.abort();
    this.asking = new AbortController();
    const query = this.input.value.trim();
    try {
      const answer = await fetch(`/api/v1/search?q=${encodeURIComponent(query)}`, { signal: this.asking.signal });
      const body = await answer.json();
      if (answer.ok) {
        this.answered = query;
        this.show(body.hits);
      } else this.tell(body.detail);
    } catch (error) {
      if (!(error instanceof DOMException)) this.tell(gettext("The search does not answer."));
    }
  }

  /** @param {Hit[]} hits */
  show(hits) {
    this.hits = hits;
    const names = kinds();
    this.list.replaceChildren(
      ...hits.map(({ kind, title, detail }, n) => {
        const item = document.createElement("li");
        item.setAttribute("role", "option");
        item.id = `search-${n}`;
        const [words, more, what] = ["span", "small", "small"].map((tag) => document.createElement(tag));
        words.textContent = title;
        more.textContent = detail;
        what.textContent = names[kind] ?? kind;
        words.append(" ", more);
        item.append(words, what);
        return item;
      }),
    );
    this.choose(0);
    this.tell(hits.length ? filled(ngettext("%(n)s found", "%(n)s found", hits.length), { n: hits.length }) : gettext("Nothing is called so."));
  }

  /** @param {number} at */
  choose(at) {
    this.at = at;
    [...this.list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
    this.list.children[at]?.scrollIntoView({ block: "nearest" });
    if (this.hits.length) this.input.setAttribute("aria-activedescendant", `search-${at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} at */
  go(at) {
    const hit = this.hits[at];
    if (hit) location.assign(hit.url);
  }

  /** @param {string} words */
  tell(words) {
    this.words.textContent = words;
  }
}

export function startSearch() {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.getElementById("search"));
  const button = document.getElementById("find");
  if (!dialog || !button) return;
  const search = new Search(dialog);
  search.connect();
  button.hidden = false;
  button.addEventListener("click", () => search.open());
  document.addEventListener("keydown", (event) => {
    const isAsked = (event.key === "/" && !isTyping(event.target)) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    if (!isAsked || event.altKey) return;
    event.preventDefault();
    search.open();
  });
}
