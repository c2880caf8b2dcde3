import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { partitionOf } from "../../durable-objects/engine/hash.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { HOSTILE_JSON } from "../helpers/hostile-json.ts";
import { TestProject } from "./project.ts";

const COUNT: MetricSource = {
  name: "all",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
};
const MIB = 1024 * 1024;

interface Answer {
  status: number;
  body: { error?: string; message?: string; accepted?: number; batch?: string };
}

async function call(
  project: TestProject,
  method: string,
  path: string,
  body?: BodyInit,
  headers = {},
): Promise<Answer> {
  const response = await exports.default.fetch(`http://freshet.test/v1/${path}`, {
    method,
    headers: { "x-api-key": project.key("admin"), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Answer["body"]) };
}

const post = (project: TestProject, body: BodyInit, headers = {}) =>
  call(project, "POST", "events", body, headers);

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

describe("[I5] hostile bodies at the edge", () => {
  it("[I5] are answered with a 4xx each, and nothing of them counts", async () => {
    const project = await TestProject.with(COUNT);
    for (const [what, text] of HOSTILE_JSON) {
      for (const body of [text, `[${text}]`, `{"name":"f","props":${text}}\n`, `{"events":[${text}]}`]) {
        const { status } = await post(project, body);
        if (!(body.startsWith('{"name":"f"') && status === 202)) expect(status, what).toBe(400);
      }
    }
    await post(project, '{"name":"e"}');
    expect(await project.sumWhen("all", 1)).toBe(1);
  }, 20_000);

  it.each<[string, (whole: Uint8Array) => Uint8Array<ArrayBuffer>]>([
    ["cut short in its middle", (whole) => joined(whole.slice(0, whole.length / 2))],
    ["without its checksum", (whole) => joined(whole.slice(0, -8))],
    ["with a wrong checksum", (whole) => joined(whole.slice(0, -8), new Uint8Array(8))],
    [
      "with a flipped bit",
      (whole) => joined(whole.slice(0, 20), new Uint8Array([(whole[20] ?? 0) ^ 64]), whole.slice(21)),
    ],
    ["with something behind it", (whole) => joined(whole, new Uint8Array([1, 2, 3, 4]))],
    ["of two members, which the runtime does not read", (whole) => joined(whole, whole)],
    ["that is its magic number only", () => new Uint8Array([0x1f, 0x8b])],
  ])("[I5] gzip %s is refused whole", async (_, damage) => {
    const project = await TestProject.with(COUNT);
    const whole = await gzip('{"name":"e"}\n'.repeat(500));
    const { status, body } = await post(project, damage(whole));
    expect([status, body.error]).toEqual([400, "malformed"]);
    expect(body.message).toBe("the body's gzip stream is broken or cut short");
    await post(project, '{"name":"e"}');
    expect(await project.sumWhen("all", 1)).toBe(1);
  });

  it("[I5] gzip in gzip is no JSON", async () => {
    const twice = await gzip(String.fromCharCode(...(await gzip('{"name":"e"}'))));
    expect((await post(await TestProject.with(), twice)).body.error).toBe("malformed");
  });

  it("[I5] a body is bounded with and without an announced length", async () => {
    const project = await TestProject.with(COUNT);
    const large = new Uint8Array(5 * MIB + 1).fill(32);
    const announced = await post(project, large);
    expect([announced.status, announced.body.error]).toEqual([413, "too_large"]);
    expect(announced.body.message).toBe("the body has 5242881 bytes or more; the bound is 5242880");
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(large.subarray(0, MIB));
      },
    });
    const endless = await post(project, stream);
    expect([endless.status, endless.body.error]).toEqual([413, "too_large"]);
    expect(endless.body.message).toMatch(/^the body has \d+ bytes or more; the bound is 5242880$/);
    const fits = new Uint8Array(5 * MIB).fill(32);
    fits.set(new TextEncoder().encode('{"name":"e"}'));
    expect((await post(project, fits)).body.accepted).toBe(1);
  });

  it("[I5] UTF-8 that is cut, overlong or a surrogate is refused", async () => {
    const project = await TestProject.with();
    for (const bytes of [[0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]]) {
      const text = new TextEncoder().encode('{"name":"e","user":"');
      const { status, body } = await post(
        project,
        joined(text, new Uint8Array(bytes), new TextEncoder().encode('"}')),
      );
      expect([status, body.error, body.message]).toEqual([400, "malformed", "the body is not UTF-8"]);
    }
  });

  it("[I5] 5 MiB of escaped text is taken and comes to one record a part, none too large", async () => {
    const project = await TestProject.with(COUNT);
    const event = `{"name":"e","props":{"a":"${"\\u8a9e".repeat(340)}"}}`;
    const { status, body } = await post(project, `[${Array.from({ length: 2_400 }, () => event).join()}]`);
    expect([status, body.accepted]).toEqual([202, 2_400]);
    expect(await project.sumWhen("all", 2_400)).toBe(2_400);
  });

  it.each([
    ["empty", { "idempotency-key": "" }, '{"name":"e"}'],
    ["too long", {}, `{"events":[{"name":"e"}],"batch":"${"é".repeat(65)}"}`],
    ["with a control character", {}, '{"events":[{"name":"e"}],"batch":"a\\u001f1"}'],
    ["with a lone surrogate", {}, '{"events":[{"name":"e"}],"batch":"\\ud800"}'],
    ["a number", {}, '{"events":[{"name":"e"}],"batch":17}'],
  ])("[I3] a batch id that is %s is refused", async (_, headers, body) => {
    const answer = await post(await TestProject.with(), body, headers);
    expect([answer.status, answer.body.error]).toEqual([400, "idempotency_key"]);
  });

  it("[I3] the same batch id in two projects is two batches, also for the batcher that gets both", async () => {
    const [one, other] = [await TestProject.with(COUNT), await TestProject.with(COUNT)];
    const ids = Array.from({ length: 200 }, (_, i) => `shared-${i}`);
    const shared = ids.find((id) => partitionOf(one.name, id, 4) === partitionOf(other.name, id, 4)) ?? "";
    for (const project of [one, other]) {
      await post(project, '{"name":"e"}', { "idempotency-key": shared });
      expect(await project.sumWhen("all", 1)).toBe(1);
    }
  });
});

describe("[M1] hostile definitions at the edge", () => {
  it("[M1] are answered with a 4xx each", async () => {
    const project = await TestProject.with();
    for (const [what, text] of HOSTILE_JSON) {
      for (const [path, body] of [
        ["catalog/metrics/m", text],
        [
          "catalog/metrics/m",
          `{"event":"e","aggregate":"count","window":{"type":"tumbling","size":"1s","junk":${text}}}`,
        ],
        [
          "catalog/metrics/m",
          `{"event":"e","aggregate":"count","window":{"type":"tumbling","size":"1s"},"groupBy":[${text},1]}`,
        ],
        ["catalog/dashboards/d", text],
        [
          "catalog/dashboards/d",
          `{"panels":[{"title":"t","kind":"line","metric":"m","groups":[{"a":${text}},1]}]}`,
        ],
      ] as const) {
        const { status, body: answer } = await call(project, "PUT", path, body);
        expect(status, `${path}: ${what}`).toBeOneOf([400, 413]);
        expect(answer.message?.length, what).toBeLessThan(300);
      }
    }
  }, 20_000);

  it("[M1] that are larger than 256 KiB are refused with the bound and the value", async () => {
    const project = await TestProject.with();
    const { status, body } = await call(
      project,
      "PUT",
      "catalog/dashboards/d",
      `{"title":"${"é".repeat(140_000)}","panels":[]}`,
    );
    expect([status, body.error]).toEqual([413, "too_large"]);
    expect(body.message).toBe("the definition has 280024 bytes; the bound is 262144");
  });

  it.each([
    "metrics/1m",
    "metrics/a%20b",
    "metrics/%E2%82%AC",
    "dashboards/..%2fx",
    `dashboards/${"d".repeat(65)}`,
    "dashboards/%00",
  ])("[M1] %s is no name", async (path) => {
    const definition = {
      event: "e",
      aggregate: "count",
      window: { type: "tumbling", size: "1s" },
      panels: [],
    };
    const { status, body } = await call(
      await TestProject.with(),
      "PUT",
      `catalog/${path}`,
      JSON.stringify(definition),
    );
    expect(status).toBe(400);
    expect(body.message).toMatch(/name is /);
  });

  it("[M1] a metric that was put before a batch folds it, changed or not", async () => {
    const project = await TestProject.with();
    for (const [round, fn] of ["count", "sum(value)", "max(value)"].entries()) {
      const metric = { event: "e", aggregate: fn, window: { type: "tumbling", size: "1h" } };
      expect((await call(project, "PUT", "catalog/metrics/m", JSON.stringify(metric))).status).toBe(200);
      await post(project, '[{"name":"e","value":5},{"name":"e","value":9}]');
      expect(await project.sumWhen("m", [2, 14, 9][round] ?? 0)).toBe([2, 14, 9][round]);
    }
  });
});

describe("[S2] hostile queries", () => {
  const GROUPED: MetricSource = { ...COUNT, window: { type: "tumbling", size: "1s" }, groupBy: ["g", "h"] };

  it.each([
    ["step=0", 400, "bad_query", 'step is "0"'],
    ["step=1e3", 400, "bad_query", 'step is "1e3"'],
    ["step=-1s", 400, "bad_query", 'step is "-1s"'],
    [`step=${"9".repeat(400)}`, 400, "bad_query", "step is "],
    ["step=1500", 400, "step", "step is 1500 ms; expected a multiple of the window's size, 1000 ms"],
    ["from=0&to=now&step=1s", 400, "points", "the bound is 11000"],
    ["from=now-999999999999w", 400, "bad_query", "from is "],
    ["from=-1", 400, "bad_query", 'from is "-1"'],
    ["to=9999999999999999999999", 400, "bad_query", "to is "],
    ["group={", 400, "bad_query", 'group is "{"'],
    ["group=[]", 400, "bad_query", 'group is "[]"'],
    ['group={"g":{"deep":1}}', 400, "bad_query", "group is "],
  ])("[S2] %s", async (query, status, code, message) => {
    const project = await TestProject.with(GROUPED);
    const answer = await call(project, "GET", `query?metric=all&${query}`);
    expect([answer.status, answer.body.error]).toEqual([status, code]);
    expect(answer.body.message).toContain(message);
    expect(answer.body.message?.length).toBeLessThan(300);
  });

  const NO_STEP = { all: "step is ", never: "step is ", share: "step is ", growth: "step is " };
  const BACKWARDS = {
    all: "later than to",
    never: "later than to",
    share: "later than to",
    growth: "later than to",
  };

  it.each<[query: string, faults: Record<string, string>]>([
    ["from=1970-01-01&to=now", {}],
    ["from=0&to=0", {}],
    ["from=2999-01-01&to=2999-01-02", {}],
    ["from=now-1h&to=8640000000000000", {}],
    // Time before the first point fills no step.
    ["from=1970-01-01&to=2999-01-01&step=1d", { never: "the bound is 11000" }],
    ["from=1970-01-01&to=now&step=7d", {}],
    ["from=now-1h&to=now&step=8640000000000000", NO_STEP],
    ["from=now&to=now-1h", BACKWARDS],
  ])(
    "[S2] a metric, one that was never fed, and views are asked %s",
    { timeout: 20_000 },
    async (query, faults) => {
      const project = await TestProject.with(GROUPED, { ...GROUPED, name: "never", event: "never" });
      const views = [
        { name: "share", ratio: { numerator: "never", denominator: "all" } },
        { name: "growth", change: { metric: "all", ago: "7d" } },
      ];
      for (const view of views) await env.CATALOG.getByName("catalog").putMetric(project.name, view);
      await post(project, '{"name":"e","props":{"g":"a"}}');
      await project.sumWhen("all", 1);
      for (const metric of ["all", "never", "share", "growth"]) {
        const answer = await call(project, "GET", `query?metric=${metric}&${query}`);
        const expected = faults[metric] ?? "";
        expect([metric, answer.status]).toEqual([metric, expected === "" ? 200 : 400]);
        expect(answer.body.message ?? "").toContain(expected);
      }
    },
  );

  it.each([
    ['group={"g":"a","h":"x"}', 1],
    ["group=g:a", 3],
    ["group=g=a,h=y", 2],
    ["group=g:a&group=g:b", 7],
    ["group=h:", 8],
    ["group=__proto__:a", 0],
    ["group=constructor:a", 0],
    ["group={}", 15],
  ])("[S2] %s matches %i events", async (query, events) => {
    const project = await TestProject.with(GROUPED);
    const groups: [string, string | undefined, number][] = [
      ["a", "x", 1],
      ["a", "y", 2],
      ["b", "x", 4],
      ["c", undefined, 8],
    ];
    const sent = groups.flatMap(([g, h, count]) =>
      Array.from({ length: count }, () => ({ name: "e", props: { g, h } })),
    );
    await post(project, JSON.stringify(sent));
    await project.sumWhen("all", 15);
    const { series } = await project.query("all", `&${query}`);
    expect(series.flatMap(({ v }) => v).reduce<number>((sum, v) => sum + (v ?? 0), 0)).toBe(events);
  });

  it("[S2] a step that no window reaches gives one point, not an error", async () => {
    const project = await TestProject.with(GROUPED);
    await post(project, '{"name":"e"}');
    await project.sumWhen("all", 1);
    const { series } = await project.query("all", "&step=1w");
    expect(series.map(({ v }) => v)).toEqual([[1]]);
  });
});

describe("[I5] what is nowhere", () => {
  it.each([
    ["GET", "events", 404, "not_found"],
    ["POST", "query?metric=all", 404, "not_found"],
    ["PUT", "events", 404, "not_found"],
    ["GET", "no/such/thing", 404, "not_found"],
  ])("[I5] %s /v1/%s", async (method, path, status, code) => {
    const answer = await call(await TestProject.with(), method, path);
    expect([answer.status, answer.body.error]).toEqual([status, code]);
  });

  it("[I5] an unforeseen failure shows nothing of itself", async () => {
    const project = await TestProject.with(COUNT);
    const answer = await call(project, "GET", "catalog/metrics/%E0%A4%A");
    expect(answer.status).toBeLessThan(500);
    expect(JSON.stringify(answer.body)).not.toMatch(/at .+\.ts|URIError/);
  });
});
