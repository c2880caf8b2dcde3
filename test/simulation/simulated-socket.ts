import type { Actor, World } from "./world.ts";

type Data = string | Uint8Array;

/** One way of a socket: what is put in comes out in its order, each piece after its own time on the way. */
class Pipe {
  readonly #world: World;
  readonly #from: Actor;
  readonly #to: Actor;
  readonly #take: (piece: () => void) => void;
  readonly #pieces: (() => void)[] = [];
  isPaused = false;

  constructor(world: World, from: Actor, to: Actor, take: (piece: () => void) => void) {
    this.#world = world;
    this.#from = from;
    this.#to = to;
    this.#take = take;
  }

  put(label: string, piece: () => void): void {
    this.#pieces.push(piece);
    this.#world.soon({
      label: `${this.#from.name} ⇢ ${this.#to.name}: ${label}`,
      actor: this.#to,
      involved: [this.#to],
      act: () => this.#next(),
    });
  }

  /** Lets come out what would have meanwhile. */
  goOn(): void {
    this.isPaused = false;
    while (this.#arrived > 0 && !this.isPaused) this.#out();
  }

  #arrived = 0;

  #next(): void {
    this.#arrived++;
    if (!this.isPaused) this.#out();
  }

  #out(): void {
    this.#arrived--;
    const piece = this.#pieces.shift();
    if (piece !== undefined) this.#take(piece);
  }
}

/** What the server's end needs of its object. */
export interface SocketServer extends Actor {
  onMessage(socket: ServerSocket, data: string): void;
  onClose(socket: ServerSocket, code: number): void;
}

/** What the client's end tells. */
export interface SocketClient {
  open(): void;
  message(data: Data): void;
  close(code: number, reason: string): void;
}

/** A WebSocket as a Durable Object has it. */
export class ServerSocket {
  tags: string[] = [];
  isOpen = true;
  #attachment: unknown = null;
  readonly #server: Actor;
  readonly #toClient: Pipe;
  readonly #client: SocketClient;

  constructor(server: Actor, toClient: Pipe, client: SocketClient) {
    this.#server = server;
    this.#toClient = toClient;
    this.#client = client;
  }

  send(data: Data): void {
    if (!this.isOpen) throw new TypeError("Can't call WebSocket send() after close().");
    this.#server.send(() => this.#toClient.put("frame", () => this.#client.message(data)));
  }

  close(code = 1005, reason = ""): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#toClient.put("close", () => this.#client.close(code, reason));
  }

  serializeAttachment(attachment: unknown): void {
    if (JSON.stringify(attachment).length > 16_384) throw new Error("the attachment is too large");
    this.#attachment = structuredClone(attachment);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }
}

/** A connection, as its client has it. */
export class ClientSocket {
  readonly server: ServerSocket;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  readonly #object: SocketServer;
  readonly #events: SocketClient;
  #isOpen = true;

  constructor(world: World, client: Actor, object: SocketServer, events: SocketClient) {
    this.#object = object;
    this.#events = events;
    const whileOpen = (piece: () => void): void => {
      if (this.#isOpen) piece();
    };
    this.#toClient = new Pipe(world, object, client, whileOpen);
    this.#toServer = new Pipe(world, client, object, (piece) => piece());
    this.server = new ServerSocket(object, this.#toClient, events);
  }

  opened(events: SocketClient): void {
    this.#toClient.put("open", () => events.open());
  }

  send(text: string): void {
    this.#toServer.put("message", () => {
      if (!this.server.isOpen) return;
      if (text === "ping") this.server.send("pong");
      else this.#object.onMessage(this.server, text);
    });
  }

  /** Cut off, or closed: nothing more arrives here, and the server learns of it. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#toServer.put("close", () => {
      if (this.server.isOpen) this.#object.onClose(this.server, 1006);
      this.server.isOpen = false;
    });
  }

  /** The network fails: either end learns of it, in its time, and frames on their way are lost. */
  cutOff(): void {
    if (!this.#isOpen) return;
    this.close();
    this.#events.close(1006, "");
  }

  /** Reads nothing for a while. */
  pause(): void {
    this.#toClient.isPaused = true;
  }

  goOn(): void {
    this.#toClient.goOn();
  }
}
