import { randomBytes } from "node:crypto";
import { connect } from "node:net";

/**
 * A WebSocket client that reads one byte a second, and acknowledges nothing.
 *
 * @returns what ends it.
 */
export async function openSlowClient(
  port: number,
  path: string,
  protocol: string,
  subscribe: string,
): Promise<() => void> {
  const buffer = Buffer.alloc(1);
  let goOn: NodeJS.Timeout | undefined;
  // Until the handshake is over it reads as it should.
  let head = "";
  let isOpen: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (isOpen = resolve));
  const socket = connect({
    port,
    host: "127.0.0.1",
    onread: {
      buffer,
      callback: () => {
        if (!head.endsWith("\r\n\r\n")) {
          head += buffer.toString("latin1");
          if (head.endsWith("\r\n\r\n")) isOpen();
          return true;
        }
        goOn = setTimeout(() => socket.resume(), 1_000);
        return false;
      },
    },
  });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  await opened;
  const payload = Buffer.from(subscribe);
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 + payload.length, 0, 0, 0, 0]), payload]));
  return () => {
    clearTimeout(goOn);
    socket.destroy();
  };
}
