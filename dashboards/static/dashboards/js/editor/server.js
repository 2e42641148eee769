// What an editor asks the server for.

import { csrfToken } from "../live/polling.js";
import { gettext } from "../display/i18n.js";

/** @typedef {{ number: number, by: string, specification: any }} Draft */

/** What the server says is wrong. */
export class Refused extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body?.detail ?? gettext("The server refused that."));
    this.status = status;
    this.body = body;
  }
}

/** @param {string} method @param {string} url @param {any} [body] @returns {Promise<Response>} */
async function ask(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.redirected) throw new Refused(401, { detail: gettext("You are not logged in any more.") });
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
  return answer;
}

export class BoardServer {
  /** @param {string} slug */
  constructor(slug) {
    this.api = `/api/v1/boards/${slug}`;
    this.page = `/boards/${slug}`;
  }

  /** @returns {Promise<Draft>} */
  async draft() {
    return (await ask("GET", `${this.api}/draft`)).json();
  }

  /** @param {any} base @param {any} specification @param {""|"mine"} prefer @returns {Promise<Draft>} */
  async save(base, specification, prefer) {
    return (await ask("PUT", `${this.api}/draft`, { base, specification, prefer })).json();
  }

  /** @param {number} number of the draft that is meant @returns {Promise<{ revision: number }>} */
  async publish(number) {
    return (await ask("POST", `${this.api}/publish`, { number })).json();
  }

  /** @param {File} file @returns {Promise<number>} the picture's number */
  async picture(file) {
    const answer = await fetch(`${this.api}/pictures`, { method: "POST", headers: { "Content-Type": file.type || "application/octet-stream", "X-CSRFToken": csrfToken() }, body: file });
    if (answer.status === 413) throw new Refused(413, { detail: gettext("This file is too large: 5 MB at most.") });
    if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
    return (await answer.json()).id;
  }

  /** @param {any} widget @param {any[]} variables @returns {Promise<HTMLElement>} the widget as the server shows it */
  async widget(widget, variables) {
    const { html, errors } = await (await ask("POST", `${this.page}/widget`, { widget, variables })).json();
    if (errors) throw new Refused(422, { errors, detail: errors[0].words });
    const page = new DOMParser().parseFromString(html, "text/html");
    return /** @type {HTMLElement} */ (page.body.firstElementChild);
  }
}

/** @typedef {{ key: string, kind: string }} Series */

/** @param {string} words @returns {Promise<Series[]>} series that have them in their names */
export async function findSeries(words) {
  const answer = await ask("GET", `/api/v1/series?limit=20&q=${encodeURIComponent(words)}`);
  return (await answer.json()).items;
}

/** @param {string} words @returns {Promise<string[]>} keys of such series */
export async function seriesLike(words) {
  return (await findSeries(words)).map(({ key }) => key);
}
