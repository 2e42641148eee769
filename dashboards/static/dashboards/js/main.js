// The entry: opens the socket and wires up the page that `data-page` names.

import { localTimes, tickAges } from "./display/server-clock.js";
import { blindSince, showLink, tickStates } from "./display/connection-status.js";
import { tickQuality } from "./display/staleness.js";
import { watchSites } from "./display/site-counts.js";
import { LiveSocket } from "./live/socket.js";
import { startZone } from "./display/time-zone.js";
import { startMenus, startSideBar } from "./shell/side-bar.js";
import { startSearch } from "./shell/search.js";
import { watchProblems } from "./shell/problems.js";

/**
 * What each page needs besides: loaded with it alone. dashboards/presentation/modules.py has
 * the same table, so that browsers ask for all of it at once.
 * @type {Record<string, (socket: LiveSocket) => Promise<void>>}
 */
const PAGES = {
  overview: async (socket) => new (await import("./pages/overview.js")).Overview(socket).connect(),
  device: async (socket) => new (await import("./pages/device.js")).DevicePage(socket).connect(),
  board: async (socket) => {
    const board = document.getElementById("board");
    const { Board } = await import("./pages/board.js");
    if (board) await new Board(socket, board).connect();
  },
  inspect: async () => (await import("./pages/inspect.js")).startInspect(),
  jobs: async (socket) => new (await import("./pages/jobs.js")).JobsPage(socket).connect(),
  connect: async () => new (await import("./pages/connect.js")).ConnectPage().connect(),
  status: async () => new (await import("./pages/status.js")).StatusPage().connect(),
  wall: async (socket) => new (await import("./pages/wall.js")).Wall(socket).connect(),
};

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
  const socket = new LiveSocket(`${scheme}://${location.host}/ws/live/`, showAll);
  setInterval(() => showAll(socket.link), 1_000);
  // First of all: a page that fails must not look as if it were still connecting.
  socket.connect();
  // Pages of other apps have widgets, too.
  await PAGES[document.getElementById("board") ? "board" : page]?.(socket);
  if (page !== "overview" && page !== "wall") watchSites(socket);
  watchProblems();
}

start();
