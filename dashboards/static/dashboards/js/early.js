// Opens the live socket while the page's modules are still on their way: live/socket.js takes it.
(() => {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/live/`, "iotbridge.v1.json");
  /** @type {MessageEvent[]} */
  const messages = [];
  socket.onmessage = (event) => messages.push(event);
  /** @type {any} */ (globalThis).iotbridgeSocket = { socket, messages };
})();
