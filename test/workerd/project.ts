import { env, exports } from "cloudflare:workers";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { hashKey } from "../../workers/authorize.ts";

/** Fifteen seconds, and more on a busy machine. */
const MOST_TRIES = 300;

/** A project of a test's own, with its keys and metrics. */
export class TestProject {
  readonly name = `test-${crypto.randomUUID().slice(0, 8)}`;

  /** Creates the project, its keys and `metrics`. */
  static async with(...metrics: MetricSource[]): Promise<TestProject> {
    const project = new TestProject();
    const catalog = env.CATALOG.getByName("catalog");
    await catalog.putProject(project.name);
    for (const role of ["write", "read", "admin"] as const) {
      await catalog.putKey(project.name, role, await hashKey(project.key(role)), role, {});
    }
    for (const metric of metrics) await catalog.putMetric(project.name, metric);
    return project;
  }

  key(role: "write" | "read" | "admin"): string {
    return `${this.name}-${role}-key`;
  }

  async post(events: unknown, batchId = crypto.randomUUID()): Promise<Response> {
    return exports.default.fetch("http://freshet.test/v1/events", {
      method: "POST",
      headers: { authorization: `Bearer ${this.key("write")}`, "idempotency-key": batchId },
      body: JSON.stringify(events),
    });
  }

  async query(metric: string, parameters = ""): Promise<QueryAnswer> {
    const url = `http://freshet.test/v1/query?metric=${metric}&key=${this.key("read")}${parameters}`;
    return (await exports.default.fetch(url)).json();
  }

  /** The sum of a metric's values, once it is `wanted`. Throws when it has not become so in time. */
  async sumWhen(metric: string, wanted: number, parameters = ""): Promise<number> {
    for (let tries = 0; ; tries++) {
      const { series } = await this.query(metric, parameters);
      const sum = series.flatMap(({ v }) => v).reduce<number>((total, v) => total + (v ?? 0), 0);
      if (sum === wanted) return sum;
      if (tries === MOST_TRIES) throw new Error(`the sum of ${metric} is ${sum}, not ${wanted}`);
      await scheduler.wait(50);
    }
  }

  /** Opens a live socket. */
  async live(): Promise<LiveSocket> {
    const response = await exports.default.fetch("http://freshet.test/v1/live", {
      headers: { upgrade: "websocket", "sec-websocket-protocol": `freshet.v1, ${this.key("read")}` },
    });
    if (response.webSocket === null)
      throw new Error(`no socket: ${response.status} ${await response.text()}`);
    return new LiveSocket(response.webSocket, response.headers);
  }
}

/** A live socket whose messages are awaited one by one. */
export class LiveSocket {
  readonly socket: WebSocket;
  readonly headers: Headers;
  readonly #arrived: string[] = [];
  readonly #waiting: ((text: string) => void)[] = [];

  constructor(socket: WebSocket, headers: Headers) {
    this.socket = socket;
    this.headers = headers;
    socket.addEventListener("message", ({ data }) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(String(data));
      else this.#arrived.push(String(data));
    });
    socket.accept();
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** What has arrived and was not awaited. */
  takeArrived(): string[] {
    return this.#arrived.splice(0);
  }

  async nextText(): Promise<string> {
    const first = this.#arrived.shift();
    if (first !== undefined) return first;
    const late = scheduler.wait(5_000).then(() => {
      throw new Error("no message within 5 s");
    });
    return Promise.race([new Promise<string>((resolve) => this.#waiting.push(resolve)), late]);
  }

  async next<T>(): Promise<T> {
    return JSON.parse(await this.nextText()) as T;
  }
}
