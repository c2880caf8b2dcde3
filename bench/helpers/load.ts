import { Agent, request } from "node:http";
import type { EventBody } from "./events.ts";
import { PROJECT_KEYS } from "./project.ts";

export interface LoadOptions {
  port: number;
  connections: number;
  /** At least one for each connection: a body is used again when its answer is there. */
  bodies: EventBody[];
  /** Asked before each request. */
  goOn: () => boolean;
}

/** What was sent, and what was answered. */
export interface LoadResult {
  requests: number;
  accepted: number;
}

let batches = 0;

/**
 * Posts bodies as fast as they are answered, over so many connections.
 *
 * @throws Error at the first answer that is not 202 with every event accepted: a wrong run is no measurement.
 */
export async function postEvents(options: LoadOptions): Promise<LoadResult> {
  const { port, connections, bodies, goOn } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const free = [...bodies];
  const result: LoadResult = { requests: 0, accepted: 0 };
  const connection = async (): Promise<void> => {
    while (goOn()) {
      const body = free.pop();
      if (body === undefined) throw new Error("fewer bodies than connections");
      // Not `+= await`: that reads the sum before it waits.
      const accepted = await post(agent, port, body);
      result.accepted += accepted;
      result.requests++;
      free.unshift(body);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    agent.destroy();
  }
  return result;
}

async function post(agent: Agent, port: number, body: EventBody): Promise<number> {
  body.setTime(Date.now());
  const headers = {
    authorization: `Bearer ${PROJECT_KEYS.write}`,
    "content-type": "application/json",
    "content-length": body.bytes.length,
    "idempotency-key": `bench-${process.pid}-${batches++}`,
  };
  const { status, text } = await send(agent, port, headers, body.bytes);
  const answer = status === 202 ? (JSON.parse(text) as { accepted: number; duplicate: boolean }) : undefined;
  if (answer?.accepted !== body.events || answer.duplicate) throw new Error(`answered ${status}: ${text}`);
  return answer.accepted;
}

function send(
  agent: Agent,
  port: number,
  headers: Record<string, string | number>,
  body: Buffer,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, method: "POST", path: "/v1/events", agent, headers },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
