// Keeps a draft on the server as it is here, and here as others make it.
//
// `base` is what both sides last agreed on. What is here goes up with it; the server puts what
// others did since beside it. While an answer is on its way more may change here: then the base
// is what was sent.

import { Refused } from "./server.js";
import { same } from "./same.js";

/** @typedef {import("./server.js").Draft} Draft */
/** @typedef {{ saved: () => void, waits: () => void, away: () => void, refused: (words: string) => void, theirs: (specification: any, by: string) => void, conflict: (names: string[], draft: Draft) => void }} Told */

export class Saving {
  /** @param {import("./server.js").BoardServer} server @param {number} number @param {any} specification @param {Told} told */
  constructor(server, number, specification, told) {
    this.server = server;
    this.number = number;
    this.base = specification;
    this.here = specification;
    this.told = told;
    this.isBusy = false;
    /** Somebody must say first who wins. */
    this.isStopped = false;
  }

  get isSaved() {
    return !this.isBusy && same(this.base, this.here);
  }

  /** @param {any} specification */
  change(specification) {
    this.here = specification;
    if (!this.isSaved) this.told.waits();
  }

  /** Send what is not sent yet. @param {""|"mine"} [prefer] @returns {Promise<boolean>} whether all is there */
  async save(prefer = "") {
    if (this.isBusy || this.isStopped) return false;
    while (!same(this.base, this.here)) {
      const sent = this.here;
      if (!(await this.send(sent, prefer))) return false;
    }
    this.told.saved();
    return true;
  }

  /** @param {any} sent @param {""|"mine"} prefer */
  async send(sent, prefer) {
    this.isBusy = true;
    try {
      const draft = await this.server.save(this.base, sent, prefer);
      this.number = draft.number;
      if (same(sent, this.here)) this.take(draft, sent);
      else this.base = sent;
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  /** @param {Draft} draft @param {any} known */
  take(draft, known) {
    this.base = this.here = draft.specification;
    this.number = draft.number;
    if (!same(draft.specification, known)) this.told.theirs(draft.specification, draft.by);
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof Refused) || error.status >= 500) return this.told.away();
    if (error.status !== 409) return this.told.refused(error.message);
    this.isStopped = true;
    this.told.conflict(error.body.names, error.body.draft);
  }

  /** Somebody said who wins. @param {"theirs"|"mine"} who @param {Draft} draft what is there */
  async decide(who, draft) {
    this.isStopped = false;
    if (who === "mine") return this.save("mine");
    this.take(draft, null);
    this.told.saved();
    return true;
  }

  /** Look whether others changed it. */
  async look() {
    if (!this.isSaved || this.isStopped) return this.save();
    const draft = await this.server.draft().catch(() => null);
    if (draft && draft.number !== this.number && this.isSaved) this.take(draft, this.here);
    return true;
  }
}
