// What many would build instead: `ws` on Node, fed by Redis. Run with the ports of Redis and of its own.
import { connect } from "node:net";
import { WebSocketServer } from "ws";

const [redisPort = 0, port = 0] = process.argv.slice(2).map(Number);
const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: false, backlog: 4_096 });

const redis = connect(redisPort, "127.0.0.1", () => redis.write("SUBSCRIBE frames\r\n"));
let rest: Buffer = Buffer.alloc(0);
redis.on("data", (data: Buffer) => {
  rest = Buffer.concat([rest, data]);
  for (let reply = takeReply(); reply !== undefined; reply = takeReply()) {
    if (reply[0]?.toString() === "message" && reply[2] !== undefined) broadcast(reply[2]);
  }
});

function broadcast(payload: Buffer): void {
  for (const client of server.clients) client.send(payload, { binary: false });
}

/** An array of bulk strings of RESP, once it is whole. */
function takeReply(): Buffer[] | undefined {
  let at = 0;
  const line = (): string | undefined => {
    const end = rest.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const text = rest.toString("latin1", at, end);
    at = end + 2;
    return text;
  };
  const head = line();
  if (head === undefined) return undefined;
  const items: Buffer[] = [];
  for (let i = 0; i < Number(head.slice(1)); i++) {
    const kind = line();
    if (kind === undefined) return undefined;
    // A number: how many channels there are now.
    if (kind.startsWith(":")) continue;
    const length = Number(kind.slice(1));
    if (rest.length < at + length + 2) return undefined;
    items.push(rest.subarray(at, at + length));
    at += length + 2;
  }
  rest = rest.subarray(at);
  return items;
}
