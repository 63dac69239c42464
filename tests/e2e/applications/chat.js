// A node of a Socket.IO application, which tells every client its name and echoes.
// node chat.js PORT NAME
"use strict";
const { createServer } = require("http");
const { Server } = require("socket.io");

const [port, name] = process.argv.slice(2);
const page = `<!doctype html><meta charset="utf-8"><title>${name}</title>
<link rel="icon" href="data:,">
<script src="/socket.io/socket.io.js"></script>
<script>
"use strict";
const socket = io(), seen = [], errors = [];
socket.on("name", (name) => seen.push(name));
socket.on("connect_error", (error) => errors.push(error.message));
const upgraded = new Promise((take) => socket.on("connect", () => {
  if (socket.io.engine.transport.name === "websocket") take("websocket");
  socket.io.engine.once("upgrade", (transport) => take(transport.name));
}));
</script>`;

const server = createServer((request, response) => {
  response.setHeader("Content-Type", "text/html");
  response.end(page);
});
new Server(server).on("connection", (socket) => {
  socket.emit("name", name);
  socket.on("say", (text, answer) => answer(text));
});
server.listen(Number(port), "127.0.0.1");
