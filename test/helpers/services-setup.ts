// Vitest global setup: gives tests in workerd a way to ask for a real Kafka, to crash it and to run its tools.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type Kafka, KAFKA_TOOLS, startKafka } from "../../tools/services/kafka.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Base URL of the service desk: see {@link setup}. */
    serviceDesk: string;
  }
}

/**
 * Opens a desk on 127.0.0.1 that starts Kafka when a test first asks: `GET /kafka` answers its addresses or why
 * there is none; `POST /kafka/kill`, `/kafka/stop`, `/kafka/restart`, `/kafka/tool/{name}` (body: arguments) do that.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), "freshet-kafka-"));
  let kafka: Promise<Kafka> | undefined;
  const desk = createServer((request, response) => {
    const answer = serve(request, () => (kafka ??= startKafka({ dir, sasl: true })));
    void answer.then(({ status, body }) => response.writeHead(status).end(body));
  });
  const port = await new Promise<number>((resolve) => {
    desk.listen(0, "127.0.0.1", () => {
      const address = desk.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  project.provide("serviceDesk", `http://127.0.0.1:${port}`);
  return async () => {
    desk.close();
    desk.closeAllConnections();
    await (await kafka?.catch(() => undefined))?.kill();
    rmSync(dir, { recursive: true, force: true });
  };
}

async function serve(
  request: IncomingMessage,
  start: () => Promise<Kafka>,
): Promise<{ status: number; body: string }> {
  try {
    const kafka = await start();
    const [, , action, tool] = (request.url ?? "").split("/");
    if (action === undefined) {
      const { brokers, saslBrokers } = kafka;
      return { status: 200, body: JSON.stringify({ brokers, saslBrokers }) };
    }
    if (action === "kill" || action === "stop" || action === "restart") await kafka[action]();
    if (action !== "tool") return { status: 200, body: "" };
    const args = JSON.parse(await bodyOf(request)) as string[];
    return { status: 200, body: await kafka.cli(KAFKA_TOOLS[tool as keyof typeof KAFKA_TOOLS], args) };
  } catch (error) {
    const missing = error instanceof ServiceUnavailableError;
    return { status: missing ? 501 : 500, body: error instanceof Error ? error.message : String(error) };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
  return body;
}
