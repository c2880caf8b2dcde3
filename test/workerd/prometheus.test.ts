import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

const CLICKS: MetricSource = {
  name: "ad.clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  delay: "0s",
  lateness: "1h",
  groupBy: ["campaign"],
};
const SPLIT: MetricSource = { ...CLICKS, name: "split", shards: 3 };

interface Answer {
  status: number;
  errorType?: string;
  error?: string;
  data?: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
}

async function filled(): Promise<{ project: TestProject; endS: number }> {
  const project = await TestProject.with(CLICKS, SPLIT);
  const endS = Math.floor(Date.now() / 1_000) - 10;
  const events = Array.from({ length: 30 }, (_, i) => ({
    name: "click",
    ts: endS * 1_000 - 1 - i * 100,
    props: { campaign: i % 3 ? "autumn" : "winter" },
  }));
  await project.post(events);
  await project.sumWhen("ad.clicks", 30);
  await project.sumWhen("split", 30);
  return { project, endS };
}

async function ask(project: TestProject, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { "x-api-key": project.key("read"), ...(init.headers as Record<string, string>) };
  const response = await exports.default.fetch(`http://freshet.test/prometheus/api/v1/${path}`, {
    ...init,
    headers,
  });
  return { ...(await response.json<Answer>()), status: response.status };
}

function form(parameters: Record<string, string>): RequestInit {
  return { method: "POST", body: new URLSearchParams(parameters) };
}

describe("[S3] the Prometheus API of the window objects", { timeout: 20_000 }, () => {
  it("[S3] answers over points that are not sealed, by GET and by form", async () => {
    const { project, endS } = await filled();
    const query = "sum by (campaign) (sum_over_time(ad_clicks[10s]))";
    const expected = [
      { metric: { campaign: "autumn" }, value: [endS, "20"] },
      { metric: { campaign: "winter" }, value: [endS, "10"] },
    ];
    const parameters = new URLSearchParams({ query, time: String(endS) }).toString();
    const answer = await ask(project, `query?${parameters}`);
    expect(answer).toMatchObject({ status: 200, data: { resultType: "vector" } });
    const { result = [] } = answer.data ?? {};
    expect(result.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))).toEqual(expected);
    const posted = await ask(project, "query", form({ query, time: String(endS) }));
    expect(posted.data?.result).toHaveLength(2);
  });

  it("[S3] a metric that is split is one", async () => {
    const { project, endS } = await filled();
    const answer = await ask(project, `query?query=sum(sum_over_time(split[10s]))&time=${endS}`);
    expect(answer.data?.result).toEqual([{ metric: {}, value: [endS, "30"] }]);
  });

  it("[S3] a range of many steps is read in pieces, each point once", async () => {
    const { project, endS } = await filled();
    const parameters = new URLSearchParams({
      query: "sum(count_over_time(ad_clicks[6h]))",
      start: String(endS - 40_000),
      end: String(endS + 1),
      step: "20000.5",
    });
    const answer = await ask(project, "query_range", { method: "POST", body: parameters });
    expect(answer.data?.result).toEqual([{ metric: {}, values: [[endS + 1, "6"]] }]);
  });

  it.each([
    [
      "query?query=up&time=x",
      400,
      "bad_data",
      'invalid parameter "time": cannot parse "x" to a valid timestamp',
    ],
    ["query", 400, "bad_data", 'invalid parameter "query": it is missing'],
    [
      "query?query=up%7B",
      400,
      "bad_data",
      'invalid parameter "query": parse error: 1:4: unexpected end of input',
    ],
    [
      "query_range?query=up&start=2&end=1&step=1",
      400,
      "bad_data",
      "end timestamp must not be before start time",
    ],
    [
      "query_range?query=up&start=0&end=1&step=0",
      400,
      "bad_data",
      "zero or negative query resolution step widths",
    ],
    ["query_range?query=up&start=0&end=1&step=x", 400, "bad_data", 'cannot parse "x" to a valid duration'],
    ["query_range?query=up&start=0&end=11001&step=1", 400, "bad_data", "maximum resolution of 11000 points"],
    [
      "query_range?query=up%5B5m%5D&start=0&end=1&step=1",
      400,
      "bad_data",
      "must be Scalar or instant Vector",
    ],
    ["query?query=topk(1,up)", 422, "execution", "the aggregation topk is not supported without a hot store"],
    ["series", 400, "bad_data", "no match[] parameter provided"],
    ["series?match[]=up[5m]", 400, "bad_data", "is not a selector"],
    ["label/a-b/values", 400, "bad_data", "invalid label name"],
    ["labels?limit=x", 400, "bad_data", "expected a whole number"],
    ["rules", 404, "not_found", "there is nothing at GET /prometheus/api/v1/rules"],
  ])("[S3] %s is %d %s", async (path, status, errorType, error) => {
    const project = await TestProject.with(CLICKS);
    const answer = await ask(project, path);
    expect(answer).toMatchObject({ status, errorType });
    expect(answer.error).toContain(error);
  });

  it("[S3] refuses a form beyond its bound", async () => {
    const project = await TestProject.with(CLICKS);
    const answer = await ask(project, "query", form({ query: "x".repeat(1024 * 1024) }));
    expect(answer).toMatchObject({ status: 400, errorType: "bad_data" });
    expect(answer.error).toContain("the bound is 1048576");
  });

  it("[S3] needs a read key, and says so as Prometheus would", async () => {
    const project = await TestProject.with(CLICKS);
    const wrong = await ask(project, "query?query=up", { headers: { "x-api-key": project.key("write") } });
    expect(wrong).toMatchObject({ status: 403, errorType: "wrong_role" });
    const none = await exports.default.fetch("http://freshet.test/prometheus/api/v1/labels");
    expect([none.status, await none.json()]).toMatchObject([
      401,
      { status: "error", errorType: "unauthorized" },
    ]);
  });

  it("[S3] lists metrics, labels and what they mean", async () => {
    const { project, endS } = await filled();
    const span = `start=${endS - 60}&end=${endS}`;
    expect((await ask(project, "label/__name__/values")).data).toEqual(["ad_clicks", "split"]);
    expect((await ask(project, "labels")).data).toEqual(["__name__", "campaign", "freshet_project"]);
    expect((await ask(project, `label/campaign/values?${span}`)).data).toEqual(["autumn", "winter"]);
    expect((await ask(project, `label/campaign/values?${span}&limit=1`)).data).toEqual(["autumn"]);
    expect((await ask(project, "metadata?metric=ad_clicks")).data).toEqual({
      ad_clicks: [
        { type: "gauge", help: "count: click, tumbling windows of 1000 ms, by campaign", unit: "" },
      ],
    });
    expect((await ask(project, "status/buildinfo")).data).toMatchObject({ version: "3.0.0" });
    const { data } = await ask(project, `series?match[]=ad_clicks&${span}`);
    expect(data).toEqual(
      ["autumn", "winter"].map((campaign) => ({
        __name__: "ad_clicks",
        campaign,
        freshet_project: project.name,
      })),
    );
  });
});
