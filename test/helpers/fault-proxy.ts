import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What the proxy does with a request. */
export type Fault =
  | { type: "none" }
  /** Answers with this itself. */
  | { type: "status"; status: number; headers?: Record<string, string> }
  /** Passes it on after a while. */
  | { type: "slow"; ms: number }
  /** Passes it on and cuts the connection instead of answering: whoever asked cannot know. */
  | { type: "lost-answer" };

/** Stands before a time-series database and fails as it is told. */
export class FaultProxy {
  readonly #server: Server;
  readonly #target: string;
  fault: Fault = { type: "none" };
  /** Called once, when a write has been acknowledged. */
  onWritten: (() => void) | undefined;
  /** Requests to `/api/v1/write`, and those of them that met a fault. */
  writes = 0;
  faults = 0;
  url = "";

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    const address = proxy.#server.address();
    proxy.url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    return proxy;
  }

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isWrite = (request.url ?? "").startsWith("/api/v1/write");
    if (isWrite) this.writes++;
    const fault: Fault = isWrite ? this.fault : { type: "none" };
    if (fault.type !== "none") this.faults++;
    if (fault.type === "status") {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (fault.type === "slow") await sleep(fault.ms);
    const answer = await fetch(this.#target + (request.url ?? ""), {
      method: request.method ?? "GET",
      headers: request.headers as Record<string, string>,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (fault.type === "lost-answer") response.destroy();
    else response.writeHead(answer.status).end(body);
    if (!isWrite || !answer.ok) return;
    const told = this.onWritten;
    this.onWritten = undefined;
    told?.();
  }
}
