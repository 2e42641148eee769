// The variables of a board, a row each.

import { gettext } from "../display/i18n.js";

/** @typedef {{ name: string, kind: string, label: string, type: string, default: string }} Variable */

/** @returns {[string, string][]} */
const kinds = () => [
  ["device", gettext("one device")],
  ["site", gettext("all devices of a site")],
  ["type", gettext("all devices of a type")],
  ["tag", gettext("all devices with a tag")],
  ["zone", gettext("the time zone of the board")],
];

export class VariablesForm {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {Variable[]} variables */
  fill(variables) {
    this.root.replaceChildren();
    for (const one of variables) this.add(one);
  }

  /** @param {Partial<Variable>} [one] */
  add(one = {}) {
    const row = document.createElement("div");
    row.className = "row";
    row.dataset.default = one.default ?? "";
    const select = document.createElement("select");
    for (const [value, words] of kinds()) select.add(new Option(words, value, false, value === one.kind));
    select.dataset.name = "kind";
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "plain";
    remove.textContent = gettext("Remove");
    remove.addEventListener("click", () => row.remove());
    row.append(
      input(gettext("Name"), "name", one.name, { pattern: "[a-z][a-z0-9_]*", required: true, maxLength: 30 }),
      label(gettext("Stands for"), select),
      input(gettext("Called"), "label", one.label, { maxLength: 60 }),
      input(gettext("Of the type"), "type", one.type, { maxLength: 100 }),
      remove,
    );
    this.root.append(row);
    row.querySelector("input")?.focus();
  }

  /** @returns {Variable[]} */
  read() {
    return [...this.root.children].map((row) => {
      const value = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (row.querySelector(`[data-name=${name}]`)).value.trim();
      return { name: value("name"), kind: value("kind"), label: value("label"), type: value("type"), default: /** @type {HTMLElement} */ (row).dataset.default ?? "" };
    });
  }
}

/** @param {string} words @param {HTMLElement} field */
function label(words, field) {
  const made = document.createElement("label");
  made.append(`${words} `, field);
  return made;
}

/** @param {string} words @param {string} name @param {string|undefined} value @param {Partial<HTMLInputElement>} more */
function input(words, name, value, more) {
  const field = document.createElement("input");
  Object.assign(field, more);
  field.value = value ?? "";
  field.dataset.name = name;
  return label(words, field);
}
