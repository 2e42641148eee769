// The dialog in which the options of a widget are chosen, with a preview beside them.

import { OptionForm } from "./option-form.js";
import { Refused } from "./server.js";

/** @typedef {import("../pages/board.js").Board} Board */
/** @typedef {{ kind: string, label: string, size: [number, number], schema: Record<string, any> }} Kind */
/** @typedef {{ id: string, kind: string, options: Record<string, any>, x?: number, y?: number, w?: number, h?: number }} Widget */

const WAIT_MS = 300;

export class WidgetDialog {
  /**
   * @param {HTMLDialogElement} dialog @param {import("./server.js").BoardServer} server
   * @param {Board} board that brings the preview to life
   * @param {Record<string, string>} words
   */
  constructor(dialog, server, board, words) {
    this.dialog = dialog;
    this.server = server;
    this.board = board;
    this.words = words;
    this.form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    this.preview = /** @type {HTMLElement} */ (dialog.querySelector("#preview"));
    this.timer = 0;
    /** @type {(() => Promise<void>)|null} */
    this.take = null;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take?.();
    });
    dialog.querySelector("[data-cancel]")?.addEventListener("click", () => dialog.close());
    /** A pin of a plan was moved. @type {(event: any) => void} */
    this.moved = () => {};
    this.preview.addEventListener("iotbridge:pin", (event) => this.moved(event));
  }

  /**
   * @param {Kind} kind @param {Widget} widget @param {any[]} variables
   * @returns {Promise<{ widget: Widget, element: HTMLElement }|null>} what was chosen; null: nothing
   */
  ask(kind, widget, variables) {
    const fields = /** @type {HTMLElement} */ (this.dialog.querySelector("#options-fields")).cloneNode(false);
    this.dialog.querySelector("#options-fields")?.replaceWith(fields);
    const title = /** @type {HTMLElement} */ (this.dialog.querySelector("#options-title"));
    title.textContent = kind.label;
    const form = new OptionForm(/** @type {HTMLElement} */ (fields), kind.schema, this.words, () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.show(form, widget, variables), WAIT_MS);
    });
    form.send = (file) => this.server.picture(file);
    form.fill(widget.options);
    this.moved = (event) => form.set("pins", event.detail.index, { x: event.detail.x, y: event.detail.y });
    this.preview.replaceChildren();
    if (Object.keys(widget.options).length) this.show(form, widget, variables);
    return new Promise((resolve) => {
      this.take = async () => {
        const element = await this.show(form, widget, variables);
        if (!element) return;
        resolve({ widget: { ...widget, options: form.read() }, element });
        this.dialog.close();
      };
      this.dialog.addEventListener("close", () => resolve(null), { once: true });
      this.dialog.showModal();
    });
  }

  /**
   * Show what is chosen, or say what is wrong with it.
   * @param {OptionForm} form @param {Widget} widget @param {any[]} variables @returns {Promise<HTMLElement|null>}
   */
  async show(form, widget, variables) {
    clearTimeout(this.timer);
    const { x = 0, y = 0, w = 3, h = 3 } = widget;
    try {
      const element = await this.server.widget({ ...widget, x, y, w, h, options: form.read() }, variables);
      form.tell([]);
      const shown = document.importNode(element, true);
      // Its name belongs to the one on the board.
      shown.removeAttribute("id");
      this.preview.replaceChildren(shown);
      this.board.add(shown);
      return document.importNode(element, true);
    } catch (error) {
      const errors = error instanceof Refused ? error.body?.errors : null;
      form.tell(errors ?? [{ field: "", words: error instanceof Error ? error.message : String(error) }]);
      return null;
    }
  }
}
