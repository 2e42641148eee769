// The options of a widget as a form, made from their JSON Schema.

import { gettext } from "../display/i18n.js";
import { seriesLike } from "./server.js";

/** @typedef {Record<string, any>} Schema */
/** @typedef {{ root: HTMLElement, read: () => any }} Field */

const LONG = 1_000;
// Options that name series, one or many.
const KEYS = new Set(["key", "keys", "right", "against"]);

export class OptionForm {
  /** @param {HTMLElement} root @param {Schema} schema @param {Record<string, string>} words @param {() => void} onChange */
  constructor(root, schema, words, onChange) {
    this.root = root;
    this.schema = schema;
    this.words = words;
    this.onChange = onChange;
    /** @type {Map<string, Field>} */
    this.fields = new Map();
    /** Keeps a picture, and returns its number. @type {((file: File) => Promise<number>)|null} */
    this.send = null;
  }

  /** @param {Record<string, any>} options what is chosen already */
  fill(options) {
    this.root.replaceChildren();
    this.fields.clear();
    // What is shown comes before how.
    const names = Object.keys(this.schema.properties ?? {}).sort((one, other) => Number(other.startsWith("key")) - Number(one.startsWith("key")));
    for (const name of names) {
      const field = this.field(name, this.of(this.schema.properties[name]), options[name]);
      this.fields.set(name, field);
      field.root.dataset.field = name;
      this.root.append(field.root);
    }
    this.root.addEventListener("input", this.onChange);
  }

  /** @returns {Record<string, any>} what is chosen; what was left empty is not there */
  read() {
    const found = [...this.fields].map(([name, field]) => [name, field.read()]);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined));
  }

  /** Say beside each field what is wrong with it. @param {{ field: string, words: string }[]} errors */
  tell(errors) {
    for (const told of this.root.querySelectorAll("[data-error]")) told.remove();
    for (const { field, words } of errors) {
      const root = this.fields.get(field.split(".")[0])?.root ?? this.root;
      const told = document.createElement("p");
      told.className = "note bad";
      told.dataset.error = "";
      told.setAttribute("role", "alert");
      told.textContent = words;
      root.append(told);
    }
  }

  /** @param {Schema} schema @returns {Schema} what it refers to */
  of(schema) {
    // What may be left out is said as one of two, of which the other is nothing.
    const whole = schema.allOf?.[0] ?? schema.anyOf?.find((/** @type {Schema} */ one) => one.type !== "null") ?? schema;
    return whole.$ref ? { ...this.schema.$defs[whole.$ref.split("/").at(-1)], default: schema.default } : whole;
  }

  /** @param {string} name */
  label(name) {
    return this.words[name] ?? name.replaceAll("_", " ");
  }

  /** @param {string} name @param {Schema} schema @param {any} value @returns {Field} */
  field(name, schema, value) {
    const given = value ?? schema.default;
    if (schema.type === "array") return this.list(name, schema, given ?? []);
    if (schema.type === "object") return this.group(name, schema, given ?? {});
    if (schema.type === "boolean") return this.box(name, Boolean(given));
    if (schema.enum) return this.choice(name, schema.enum, given);
    return this.line(name, schema, given);
  }

  /** @param {string} name @param {Schema} schema @param {any} value @returns {Field} */
  line(name, schema, value) {
    const isNumber = schema.type === "number" || schema.type === "integer";
    const input = document.createElement(schema.maxLength >= LONG ? "textarea" : "input");
    if (input instanceof HTMLInputElement) {
      input.type = isNumber ? "number" : "text";
      if (isNumber) input.step = schema.type === "integer" ? "1" : "any";
      if (KEYS.has(name)) suggest(input, seriesLike);
    }
    if (schema.maxLength > 0) input.maxLength = schema.maxLength;
    input.value = value ?? "";
    const root = labelled(this.label(name), input);
    if (name === "picture" && input instanceof HTMLInputElement) this.chooser(root, input);
    if (schema.description) root.append(small(schema.description));
    return { root, read: () => (input.value === "" ? undefined : isNumber ? Number(input.value) : input.value.trim()) };
  }

  /** A picture is chosen as a file, which the board keeps under a number. @param {HTMLElement} root @param {HTMLInputElement} input */
  chooser(root, input) {
    const [file, told] = [document.createElement("input"), document.createElement("small")];
    input.hidden = true;
    file.type = "file";
    file.accept = "image/png,image/jpeg,image/webp,image/gif,image/svg+xml";
    told.setAttribute("role", "status");
    root.append(file, told);
    file.addEventListener("input", (event) => event.stopPropagation());
    file.addEventListener("change", async () => {
      const [chosen] = file.files ?? [];
      if (!chosen || !this.send) return;
      told.textContent = gettext("Sending …");
      try {
        input.value = String(await this.send(chosen));
        told.textContent = "";
        this.onChange();
      } catch (error) {
        told.textContent = error instanceof Error ? error.message : String(error);
      }
    });
  }

  /** Somebody moved a row of a list by hand. @param {string} name @param {number} index @param {Record<string, number>} values */
  set(name, index, values) {
    const row = this.fields.get(name)?.root.querySelectorAll(":scope > .row")[index];
    for (const [part, value] of Object.entries(values)) {
      const input = /** @type {HTMLInputElement|null|undefined} */ (row?.querySelector(`[data-part="${part}"] input`));
      if (input) input.value = String(value);
    }
    this.onChange();
  }

  /** @param {string} name @param {boolean} value @returns {Field} */
  box(name, value) {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = value;
    const root = document.createElement("label");
    root.className = "check";
    root.append(input, this.label(name));
    return { root, read: () => input.checked };
  }

  /** @param {string} name @param {string[]} choices @param {any} value @returns {Field} */
  choice(name, choices, value) {
    const select = document.createElement("select");
    for (const one of choices) select.add(new Option(this.label(one), one, false, one === value));
    return { root: labelled(this.label(name), select), read: () => select.value };
  }

  /** @param {string} name @param {Schema} schema @param {any[]} values @returns {Field} */
  list(name, schema, values) {
    const root = document.createElement("fieldset");
    const legend = document.createElement("legend");
    const more = document.createElement("button");
    legend.textContent = this.label(name);
    more.type = "button";
    more.className = "plain";
    more.textContent = gettext("One more");
    root.append(legend, more);
    /** @type {Field[]} */
    let rows = [];
    const add = (/** @type {any} */ value) => {
      const row = this.row(name, this.of(schema.items), value, () => {
        rows = rows.filter((one) => one !== row);
        this.onChange();
      });
      rows.push(row);
      more.before(row.root);
      more.hidden = rows.length >= (schema.maxItems ?? 100);
      return row;
    };
    for (const value of values) add(value);
    if (schema.minItems > 0 && !rows.length) add(undefined);
    more.addEventListener("click", () => /** @type {HTMLElement|null} */ (add(undefined).root.querySelector("input"))?.focus());
    return { root, read: () => rows.map((row) => row.read()).filter((value) => value !== undefined) };
  }

  /** @param {string} name @param {Schema} schema @param {any} value @param {() => void} onRemove @returns {Field} */
  row(name, schema, value, onRemove) {
    const field = this.field(name, schema, value);
    const root = document.createElement("div");
    const remove = document.createElement("button");
    root.className = "row";
    remove.type = "button";
    remove.className = "plain";
    remove.textContent = gettext("Remove");
    remove.addEventListener("click", () => {
      root.remove();
      onRemove();
    });
    root.append(this.bare(name, field.root), remove);
    return { root, read: field.read };
  }

  /** What stands in a list is called as that is, once. @param {string} name @param {HTMLElement} root */
  bare(name, root) {
    const input = root instanceof HTMLLabelElement ? root.querySelector("input, select, textarea") : null;
    input?.setAttribute("aria-label", this.label(name));
    return /** @type {HTMLElement} */ (input ?? root);
  }

  /** @param {string} name @param {Schema} schema @param {Record<string, any>} value @returns {Field} */
  group(name, schema, value) {
    const root = document.createElement("div");
    root.className = "fields";
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", this.label(name));
    const inner = Object.entries(schema.properties).map(([part, of]) => [part, this.field(part, this.of(/** @type {Schema} */ (of)), value[part])]);
    for (const [part, field] of inner) {
      /** @type {Field} */ (field).root.dataset.part = String(part);
      root.append(/** @type {Field} */ (field).root);
    }
    const read = () => {
      const found = inner.map(([part, field]) => [part, /** @type {Field} */ (field).read()]);
      return Object.fromEntries(found.filter(([, one]) => one !== undefined));
    };
    return { root, read };
  }
}

/** @param {string} words @param {HTMLElement} input */
function labelled(words, input) {
  const label = document.createElement("label");
  label.append(`${words} `, input);
  return label;
}

/** @param {string} words */
function small(words) {
  const told = document.createElement("small");
  told.textContent = words;
  return told;
}

let lists = 0;

/**
 * Let the browser offer what the server finds for the words that are typed.
 * @param {HTMLInputElement} input @param {(words: string) => Promise<string[]>} find
 */
export function suggest(input, find) {
  const list = document.createElement("datalist");
  list.id = `offered-${(lists += 1)}`;
  input.setAttribute("list", list.id);
  input.autocomplete = "off";
  let timer = 0;
  const ask = async () => {
    if (!list.isConnected) input.after(list);
    const asked = input.value;
    const found = await find(asked).catch(() => []);
    if (asked === input.value) list.replaceChildren(...found.map((key) => new Option(key, key)));
  };
  for (const name of ["input", "focus"]) {
    input.addEventListener(name, () => {
      clearTimeout(timer);
      timer = window.setTimeout(ask, 150);
    });
  }
}
