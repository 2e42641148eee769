// The entry: opens the socket and wires up the page that `data-page` names.

import { Board } from "./board.js";
import { localTimes, tickAges } from "./clock.js";
import { DevicePage } from "./device.js";
import { startInspect } from "./inspect.js";
import { blindSince, showLink, tickStates } from "./link.js";
import { Overview } from "./overview.js";
import { JobsPage } from "./jobs.js";
import { tickQuality } from "./quality.js";
import { watchSites } from "./sites.js";
import { LiveSocket } from "./socket.js";
import { StatusPage } from "./status.js";
import { Wall } from "./wall.js";
import { startZone } from "./zone.js";

/** @param {import("./socket.js").Link} link */
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
  if (!document.getElementById("link-state")) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new LiveSocket(`${scheme}://${location.host}/ws/live/`, showAll);
  setInterval(() => showAll(socket.link), 1_000);
  // First of all: a page that fails must not look as if it were still connecting.
  socket.connect();
  if (page === "overview") new Overview(socket).connect();
  if (page === "device") new DevicePage(socket).connect();
  if (page === "inspect") startInspect();
  if (page === "boards" || page === "board") watchSites(socket);
  const board = document.getElementById("board");
  if (board) new Board(socket, board).connect();
  if (page === "jobs") new JobsPage(socket).connect();
  if (page === "status") new StatusPage().connect();
  if (page === "wall") new Wall(socket).connect();
}

start();
