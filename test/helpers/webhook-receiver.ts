import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { AlertNotification } from "../../protocol/alert.ts";

/** A notification that arrived, whatever it was answered. */
export interface Received {
  atMs: number;
  notification: AlertNotification;
  /** Whether it is signed with the project's secret, now. */
  isGenuine: boolean;
  status: number | "none";
}

/** What the receiver does with the next notification. */
export type Answer =
  | { type: "status"; status: number; headers?: Record<string, string> }
  /** Accepts the request and says nothing. */
  | { type: "silent" }
  /** Calls this, and says nothing. */
  | { type: "call"; act: () => void };

const TOLERANCE_S = 300;

/** A webhook's other end, as docs/alerts.md tells people to write it. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Given one after the other; then all is well. */
  answers: Answer[] = [];
  secret = "";
  url = "";
  readonly #server: Server;
  readonly #port: number;

  static async start(port = 0): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(port);
    await receiver.open();
    return receiver;
  }

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch(() => response.destroy());
    });
  }

  async open(): Promise<void> {
    const port = this.url === "" ? this.#port : Number(new URL(this.url).port);
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** What was acknowledged, each id once. */
  get acknowledged(): AlertNotification[] {
    const taken = new Map<string, AlertNotification>();
    for (const { notification, status } of this.received) {
      if (status === 200 && !taken.has(notification.id)) taken.set(notification.id, notification);
    }
    return [...taken.values()];
  }

  async untilAcknowledged(count: number, timeoutMs: number): Promise<AlertNotification[]> {
    const deadlineMs = Date.now() + timeoutMs;
    while (this.acknowledged.length < count && Date.now() < deadlineMs) await sleep(100);
    return this.acknowledged;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const answer = this.answers.shift() ?? { type: "status", status: 200 };
    this.received.push({
      atMs: Date.now(),
      notification: JSON.parse(body) as AlertNotification,
      isGenuine: this.#isGenuine(request, body),
      status: answer.type === "status" ? answer.status : "none",
    });
    if (answer.type === "status") response.writeHead(answer.status, answer.headers).end();
    if (answer.type === "call") answer.act();
  }

  #isGenuine({ headers }: IncomingMessage, body: string): boolean {
    const id = String(headers["webhook-id"]);
    const timestamp = String(headers["webhook-timestamp"]);
    if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > TOLERANCE_S) return false;
    const key = Buffer.from(this.secret.replace("whsec_", ""), "base64");
    const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
    return String(headers["webhook-signature"])
      .split(" ")
      .some((signature) => {
        const given = Buffer.from(signature.replace("v1,", ""), "base64");
        return given.length === wanted.length && timingSafeEqual(given, wanted);
      });
  }
}
