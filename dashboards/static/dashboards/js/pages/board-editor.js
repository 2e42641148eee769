// The editor of a board: what is on it, where, and how; kept as a draft while one works.

import { Board } from "./board.js";
import { BoardServer, findSeries, seriesLike } from "../editor/server.js";
import { suggest } from "../editor/option-form.js";
import { Grid } from "../editor/placing.js";
import { Saving } from "../editor/saving.js";
import { same } from "../editor/same.js";
import { Undo } from "../editor/undo.js";
import { VariablesForm } from "../editor/variables-form.js";
import { WidgetDialog } from "../editor/widget-dialog.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("../editor/widget-dialog.js").Widget} Widget */
/** @typedef {import("../editor/widget-dialog.js").Kind} Kind */
/** @typedef {import("../editor/server.js").Draft} Draft */

const SAVE_MS = 700;
const LOOK_MS = 4_000;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

export class BoardEditor {
  /** @param {import("../live/socket.js").LiveSocket} socket */
  constructor(socket) {
    this.root = /** @type {HTMLElement} */ (element("board-editor"));
    const setup = JSON.parse(element("board-setup").textContent ?? "{}");
    /** @type {any} */
    this.specification = setup.specification;
    /** @type {Kind[]} */
    this.kinds = setup.kinds;
    this.isPublished = setup.isPublished;
    this.server = new BoardServer(setup.slug);
    this.board = new Board(socket, this.root);
    this.grid = new Grid(element("grid"), () => this.moved());
    this.undo = new Undo(this.specification);
    this.dialog = new WidgetDialog(element("options"), this.server, this.board, setup.words);
    this.variables = new VariablesForm(element("variables-rows"));
    this.timer = 0;
    /** What others changed is taken up one after the other. @type {Promise<void>} */
    this.taking = Promise.resolve();
    this.saving = new Saving(this.server, setup.number, this.specification, {
      saved: () => {
        element("editor-problem").hidden = true;
        this.say(this.isPublished ? gettext("Published") : gettext("Saved as a draft"));
      },
      waits: () => this.say(gettext("Saving …")),
      away: () => this.say(gettext("Not saved yet: the server does not answer")),
      refused: (words) => this.complain(filled(gettext("Not saved: %(words)s"), { words })),
      theirs: (specification, by) => this.takeTheirs(specification, by),
      conflict: (names, draft) => this.askWhoWins(names, draft),
    });
  }

  connect() {
    this.board.connect();
    this.grid.connect(this.specification.widgets);
    for (const { id } of this.specification.widgets) this.equip(id);
    this.listen();
    this.show();
    this.saving.told.saved();
    // Of an empty board the first thing is to put something on it.
    if (!this.specification.widgets.length) this.chooseKind();
    setInterval(() => this.saving.look(), LOOK_MS);
    addEventListener("beforeunload", (event) => {
      if (!this.saving.isSaved) event.preventDefault();
    });
  }

  listen() {
    /** @type {Record<string, () => void>} */
    const actions = {
      add: () => this.chooseKind(),
      variables: () => this.askVariables(),
      undo: () => this.step(-1),
      redo: () => this.step(1),
      publish: () => this.publish(),
    };
    for (const [name, act] of Object.entries(actions)) this.button(name).addEventListener("click", act);
    const minutes = /** @type {HTMLSelectElement} */ (this.root.querySelector("[data-do=minutes]"));
    minutes.addEventListener("change", () => this.change({ ...this.specification, minutes: Number(minutes.value) / 60_000 }));
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @param {string} name @returns {HTMLButtonElement} */
  button(name) {
    return /** @type {HTMLButtonElement} */ (this.root.querySelector(`[data-do=${name}]`));
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const isTyping = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog");
    if (isTyping) return;
    if (event.key === "a" && !(event.ctrlKey || event.metaKey || event.altKey)) {
      event.preventDefault();
      this.chooseKind();
      return;
    }
    if (!(event.ctrlKey || event.metaKey)) return;
    const step = event.key === "y" || (event.shiftKey && event.key.toLowerCase() === "z") ? 1 : event.key === "z" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    this.step(step);
  }

  /** Somebody moved or resized something. */
  moved() {
    const areas = this.grid.areas;
    const widgets = this.specification.widgets.map((/** @type {Widget} */ one) => ({ ...one, ...areas.get(one.id) }));
    this.change({ ...this.specification, widgets });
  }

  /** @param {any} specification what the board is to be from now on */
  change(specification) {
    this.specification = specification;
    if (this.undo.add(specification)) this.keep();
    this.show();
  }

  /** Have it kept, a moment after the last change. */
  keep() {
    this.isPublished = false;
    this.saving.change(this.specification);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.saving.save(), SAVE_MS);
  }

  /** Tell what can be done now. */
  show() {
    this.button("undo").disabled = !this.undo.canUndo;
    this.button("redo").disabled = !this.undo.canRedo;
    element("grid-empty").hidden = this.specification.widgets.length > 0;
    const minutes = /** @type {HTMLSelectElement} */ (this.root.querySelector("[data-do=minutes]"));
    minutes.value = String(this.specification.minutes * 60_000);
  }

  /** @param {-1|1} step */
  async step(step) {
    const specification = this.undo.move(step);
    if (!specification) return;
    await this.become(specification);
    this.keep();
    this.show();
  }

  /** Make the page what `specification` says. @param {any} specification */
  async become(specification) {
    const before = new Map(this.specification.widgets.map((/** @type {Widget} */ one) => [one.id, one]));
    const changed = !same(this.specification.variables, specification.variables);
    this.specification = specification;
    /** @type {Map<string, any>} */
    const areas = new Map();
    for (const one of specification.widgets) {
      const known = before.get(one.id);
      before.delete(one.id);
      areas.set(one.id, { x: one.x, y: one.y, w: one.w, h: one.h });
      if (known && !changed && same(content(known), content(one))) continue;
      const made = await this.server.widget(one, specification.variables).catch(() => null);
      if (made) this.put(one.id, document.importNode(made, true), areas.get(one.id));
    }
    for (const id of before.keys()) this.grid.remove(id);
    for (const id of areas.keys()) if (!this.grid.item(id)) areas.delete(id);
    this.grid.place(areas);
  }

  /** @param {string} id @param {HTMLElement} made @param {any} area */
  put(id, made, area) {
    if (this.grid.item(id)) this.grid.replace(id, made);
    else this.grid.add(id, made, area);
    this.equip(id);
    this.board.add(made);
  }

  /** Let a widget be edited and moved without a mouse. @param {string} id */
  equip(id) {
    const item = this.grid.item(id);
    const widget = /** @type {HTMLElement|null} */ (item?.querySelector(".widget"));
    if (!item || !widget) return;
    const heading = widget.querySelector("h2")?.textContent?.trim() || this.kindOf(id)?.label || id;
    item.tabIndex = 0;
    item.setAttribute("role", "group");
    item.setAttribute("aria-label", heading);
    item.onkeydown = (event) => event.target === item && this.onItemKey(id, event);
    const bar = document.createElement("p");
    bar.className = "edit-bar";
    bar.append(
      button(gettext("Edit"), filled(gettext("Edit %(what)s"), { what: heading }), () => this.edit(id)),
      button(gettext("Copy"), filled(gettext("Copy %(what)s"), { what: heading }), () => this.copy(id)),
      button(gettext("Remove"), filled(gettext("Remove %(what)s"), { what: heading }), () => this.remove(id)),
    );
    widget.append(bar);
  }

  /** @param {string} id @param {KeyboardEvent} event */
  onItemKey(id, event) {
    const where = this.grid.onKey(id, event);
    if (where) return this.say(where);
    const act = { Enter: () => this.edit(id), Delete: () => this.remove(id), Backspace: () => this.remove(id) }[event.key];
    if (!act) return;
    // Or the key would press what the dialog has put the focus on.
    event.preventDefault();
    act();
  }

  /** @param {string} id @returns {Widget} */
  widget(id) {
    return this.specification.widgets.find((/** @type {Widget} */ one) => one.id === id);
  }

  /** @param {string} id */
  kindOf(id) {
    return this.kinds.find(({ kind }) => kind === this.widget(id)?.kind);
  }

  chooseKind() {
    const dialog = /** @type {HTMLDialogElement} */ (element("kinds"));
    const choices = this.kinds.map((kind) =>
      button(kind.label, kind.label, () => {
        dialog.close();
        this.add(kind);
      }),
    );
    dialog.querySelector(".kinds")?.replaceChildren(...choices);
    const [form, none] = [dialog.querySelector("form"), /** @type {HTMLElement|null} */ (dialog.querySelector("[data-none]"))];
    const field = /** @type {HTMLInputElement|null} */ (dialog.querySelector("[name=metric]"));
    if (!form || !none || !field) return;
    none.hidden = true;
    field.value = "";
    if (!field.hasAttribute("list")) suggest(field, seriesLike);
    /** @type {HTMLButtonElement} */ (dialog.querySelector("[data-cancel]")).onclick = () => dialog.close();
    form.onsubmit = async (event) => {
      event.preventDefault();
      none.hidden = await this.addMetric(field.value);
      if (none.hidden) dialog.close();
    };
    dialog.showModal();
  }

  /**
   * Put a series on the board, as what fits it: a chart, or its states.
   * @param {string} words of its device and name, or its key @returns {Promise<boolean>} whether there is one
   */
  async addMetric(words) {
    const found = await findSeries(words).catch(() => []);
    const series = found.find(({ key }) => key === words) ?? found[0];
    const kind = this.kinds.find(({ kind }) => kind === (series?.kind === "number" ? "lines" : "timeline"));
    if (!series || !kind || !words.trim()) return false;
    const [w, h] = kind.size;
    const widget = { id: newId(), kind: kind.kind, options: { keys: [series.key] }, w, h };
    const made = await this.server.widget({ ...widget, x: 0, y: 0 }, this.specification.variables).catch((error) => this.complain(error.message));
    if (made) this.append(widget, document.importNode(made, true));
    return true;
  }

  /** @param {Kind} kind */
  async add(kind) {
    const id = newId();
    const [w, h] = kind.size;
    const chosen = await this.dialog.ask(kind, { id, kind: kind.kind, options: {}, w, h }, this.specification.variables);
    if (chosen) this.append(chosen.widget, chosen.element);
  }

  /** @param {Widget} widget @param {HTMLElement} made */
  append(widget, made) {
    this.put(widget.id, made, { w: widget.w, h: widget.h });
    const areas = this.grid.areas;
    const placed = [...this.specification.widgets, { ...content(widget), id: widget.id }];
    this.change({ ...this.specification, widgets: placed.map((one) => ({ ...one, ...areas.get(one.id) })) });
    this.grid.item(widget.id)?.focus();
    this.grid.item(widget.id)?.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} id */
  async edit(id) {
    const kind = this.kindOf(id);
    if (!kind) return this.complain(gettext("This widget cannot be edited: its app is not installed."));
    const chosen = await this.dialog.ask(kind, this.widget(id), this.specification.variables);
    if (chosen) {
      this.put(id, chosen.element, null);
      const widgets = this.specification.widgets.map((/** @type {Widget} */ one) => (one.id === id ? { ...one, options: chosen.widget.options } : one));
      this.change({ ...this.specification, widgets });
    }
    this.grid.item(id)?.focus();
  }

  /** @param {string} id */
  async copy(id) {
    const widget = { ...this.widget(id), id: `${id.slice(0, 20)}-${Math.random().toString(36).slice(2, 8)}` };
    const made = await this.server.widget(widget, this.specification.variables).catch((error) => this.complain(error.message));
    if (made) this.append(widget, document.importNode(made, true));
  }

  /** @param {string} id */
  remove(id) {
    this.grid.remove(id);
    const areas = this.grid.areas;
    const left = this.specification.widgets.filter((/** @type {Widget} */ one) => one.id !== id);
    this.change({ ...this.specification, widgets: left.map((/** @type {Widget} */ one) => ({ ...one, ...areas.get(one.id) })) });
    this.button(left.length ? "undo" : "add").focus();
  }

  askVariables() {
    const dialog = /** @type {HTMLDialogElement} */ (element("variables"));
    const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    this.variables.fill(this.specification.variables);
    /** @type {HTMLButtonElement} */ (dialog.querySelector("[data-add]")).onclick = () => this.variables.add();
    /** @type {HTMLButtonElement} */ (dialog.querySelector("[data-cancel]")).onclick = () => dialog.close();
    form.onsubmit = async (event) => {
      event.preventDefault();
      const variables = this.variables.read();
      dialog.close();
      await this.become({ ...this.specification, variables });
      this.change(this.specification);
    };
    dialog.showModal();
  }

  async publish() {
    await this.taking;
    clearTimeout(this.timer);
    if (!(await this.saving.save())) return;
    try {
      const { revision } = await this.server.publish(this.saving.number);
      this.isPublished = true;
      this.say(filled(gettext("Published as revision %(revision)s"), { revision }));
    } catch (error) {
      this.complain(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {any} specification @param {string} by */
  takeTheirs(specification, by) {
    this.taking = this.taking.then(async () => {
      await this.become(specification);
      // Going back further would take away what they did.
      this.undo = new Undo(specification);
      this.show();
      this.say(filled(gettext("%(by)s changed this board too; both are kept"), { by }));
    });
  }

  /** @param {string[]} names @param {Draft} draft */
  askWhoWins(names, draft) {
    const box = element("editor-conflict");
    const titles = names.map((name) => this.grid.item(name)?.getAttribute("aria-label") ?? name);
    /** @type {HTMLElement} */ (box.querySelector("[data-words]")).textContent = filled(gettext("%(by)s changed the same at the same time: %(what)s. Yours is not saved yet."), { by: draft.by, what: titles.join(", ") });
    box.hidden = false;
    for (const who of /** @type {const} */ (["theirs", "mine"])) {
      this.button(who).onclick = () => {
        box.hidden = true;
        this.saving.decide(who, draft);
      };
    }
  }

  /** @param {string} words */
  say(words) {
    const told = element("saved");
    if (told.textContent !== words) told.textContent = words;
  }

  /** @param {string} words */
  complain(words) {
    const told = element("editor-problem");
    told.textContent = words;
    told.hidden = false;
    this.say("");
  }
}

/** @returns {string} a name that no other widget has */
function newId() {
  return `w${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
}

/** What a widget is, without where. @param {Widget} widget */
function content({ kind, options }) {
  return { kind, options };
}

/** @param {string} words @param {string} label @param {() => void} act */
function button(words, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "plain";
  made.textContent = words;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}
