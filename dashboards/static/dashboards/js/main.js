// The entry: opens the socket and wires up the page that `data-page` names.

import { Board } from "./pages/board.js";
import { localTimes, tickAges } from "./display/server-clock.js";
import { DevicePage } from "./pages/device.js";
import { startInspect } from "./pages/inspect.js";
import { blindSince, showLink, tickStates } from "./display/connection-status.js";
import { Overview } from "./pages/overview.js";
import { JobsPage } from "./pages/jobs.js";
import { tickQuality } from "./display/staleness.js";
import { watchSites } from "./display/site-counts.js";
import { LiveSocket } from "./live/socket.js";
import { ConnectPage } from "./pages/connect.js";
import { StatusPage } from "./pages/status.js";
import { Wall } from "./pages/wall.js";
import { startZone } from "./display/time-zone.js";
import { startMenus, startSideBar } from "./shell/side-bar.js";
import { startSearch } from "./shell/search.js";
import { watchProblems } from "./shell/problems.js";

/** @param {import("./live/socket.js").Link} link */
function showAll(link) {
  showLink(link);
  tickQuality(document);
  tickStates(document, blindSince(link) > 0);
}

function start() {
  const page = document.body.dataset.page;
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
  if (page === "overview") new Overview(socket).connect();
  if (page === "device") new DevicePage(socket).connect();
  if (page === "inspect") startInspect();
  if (page !== "overview" && page !== "wall") watchSites(socket);
  const board = document.getElementById("board");
  if (board) new Board(socket, board).connect();
  if (page === "jobs") new JobsPage(socket).connect();
  if (page === "connect") new ConnectPage().connect();
  if (page === "status") new StatusPage().connect();
  if (page === "wall") new Wall(socket).connect();
  watchProblems();
}

start();
