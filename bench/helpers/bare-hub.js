// A Durable Object that does nothing but send what it is given to its sockets, which it accepts as our hubs do.
import { DurableObject } from "cloudflare:workers";

export class BareHub extends DurableObject {
  async fetch(request) {
    if (request.headers.get("upgrade") === "websocket") {
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    const isText = request.headers.get("content-type") === "text/plain";
    const data = isText ? await request.text() : await request.arrayBuffer();
    for (const socket of this.ctx.getWebSockets()) {
      try {
        socket.send(data);
      } catch {}
    }
    return new Response(null, { status: 204 });
  }
}

export default {
  fetch(request, env) {
    // As many sockets an object as our hubs take.
    const index = new URL(request.url).searchParams.get("hub") ?? "0";
    return env.HUB.getByName(index).fetch(request);
  },
};
