// The entry: opens the socket and wires up the page that `data-page` names.

import { localTimes, tickAges } from "./display/server-clock.js";
import { blindSince, showLink, tickStates } from "./display/connection-status.js";
import { tickQuality } from "./display/staleness.js";
import { watchSites } from "./display/site-counts.js";
import { grant } from "./live/asking.js";
import { LiveSocket } from "./live/socket.js";
import { startZone } from "./display/time-zone.js";
import { startMenus, startSideBar } from "./shell/side-bar.js";
import { startInstalling } from "./shell/installing.js";
import { startNotes } from "./logbook/notes.js";
import { watchAlarms } from "./shell/alarms-on.js";
import { watchMentions } from "./shell/mentions.js";
import { startSearch } from "./shell/search.js";
import { loaded } from "./shell/page-module.js";
import { watchProblems } from "./shell/problems.js";

/**
 * What each page needs besides: loaded with it alone. dashboards/presentation/modules.py has
 * the same table, so that browsers ask for all of it at once.
 * @type {Record<string, (socket: LiveSocket) => Promise<void>>}
 */
const PAGES = {
  overview: async (socket) => new (await of(socket, () => import("./pages/overview.js"))).Overview(socket).connect(),
  device: async (socket) => new (await of(socket, () => import("./pages/device.js"))).DevicePage(socket).connect(),
  board: async (socket) => {
    const board = document.getElementById("board");
    const { Board } = await of(socket, () => import("./pages/board.js"));
    if (board) await new Board(socket, board).connect();
    if (board && grant()) (await of(socket, () => import("./pages/shared.js"))).startShared(board);
  },
  "board-editor": async (socket) => new (await of(socket, () => import("./pages/board-editor.js"))).BoardEditor(socket).connect(),
  inspect: async (socket) => (await of(socket, () => import("./pages/inspect.js"))).startInspect(),
  jobs: async (socket) => new (await of(socket, () => import("./pages/jobs.js"))).JobsPage(socket).connect(),
  alarms: async (socket) => new (await of(socket, () => import("./pages/alarms.js"))).AlarmsPage(socket).connect(),
  "alarm-rule": async (socket) => (await of(socket, () => import("./pages/alarm-rule.js"))).startRule(),
  connect: async (socket) => new (await of(socket, () => import("./pages/connect.js"))).ConnectPage().connect(),
  status: async (socket) => new (await of(socket, () => import("./pages/status.js"))).StatusPage().connect(),
  wall: async (socket) => new (await of(socket, () => import("./pages/wall.js"))).Wall(socket).connect(),
};

/** @template T @param {LiveSocket} socket @param {() => Promise<T>} load @returns {Promise<T>} the module of a page */
function of(socket, load) {
  return loaded(load, () => socket.link.state === "live");
}

/** @param {import("./live/socket.js").Link} link */
function showAll(link) {
  showLink(link);
  tickQuality(document);
  tickStates(document, blindSince(link) > 0);
}

async function start() {
  const page = document.body.dataset.page ?? "";
  startZone();
  localTimes(document);
  setInterval(() => tickAges(document), 1_000);
  startSideBar();
  startMenus();
  startSearch();
  if (!document.getElementById("link-state")) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new LiveSocket(`${scheme}://${location.host}/ws/live/${grant() ? "?by=link" : ""}`, showAll);
  setInterval(() => showAll(socket.link), 1_000);
  startInstalling(socket);
  // First of all: a page that fails must not look as if it were still connecting.
  socket.connect();
  // Pages of other apps have widgets, too.
  await PAGES[document.getElementById("board") ? "board" : page]?.(socket);
  if (grant()) return;
  startNotes(socket);
  watchMentions(socket);
  watchAlarms(socket);
  if (page !== "overview" && page !== "wall") watchSites(socket);
  watchProblems();
}

start();
