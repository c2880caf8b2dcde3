import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "sum(value)",
  window: { type: "tumbling", size: "1h" },
  groupBy: ["subject"],
} satisfies MetricSource;

async function send(project: TestProject, headers: Record<string, string>, body: string) {
  const response = await exports.default.fetch(`http://freshet.test/v1/events?key=${project.key("write")}`, {
    method: "POST",
    headers,
    body,
  });
  return { status: response.status, body: await response.json() };
}

const attributes = (id: string) => ({
  specversion: "1.0",
  id,
  source: "/shop",
  type: "click",
  subject: "cart",
});
const accepted = (events: number, duplicate = false) => ({
  status: 202,
  body: { accepted: events, rejected: [], duplicate, batch: expect.any(String) as string },
});

describe("[I1] CloudEvents over HTTP", () => {
  it("[I1] binary, structured and batch count alike, and the same again counts once", async () => {
    const project = await TestProject.with(CLICKS);
    const binary = Object.fromEntries(
      Object.entries(attributes("b")).map(([name, value]) => [`ce-${name}`, value]),
    );
    const structured = JSON.stringify({ ...attributes("s"), data: { value: 20 } });
    const batch = JSON.stringify(["x", "y"].map((id) => ({ ...attributes(id), data: { value: 300 } })));
    const requests: [Record<string, string>, string, number][] = [
      [{ ...binary, "content-type": "application/json; charset=utf-8" }, '{"value":1}', 1],
      [{ "content-type": "application/cloudevents+json; charset=utf-8" }, structured, 1],
      [{ "content-type": "application/cloudevents-batch+json" }, batch, 2],
    ];
    for (const [headers, body, events] of requests)
      expect(await send(project, headers, body)).toEqual(accepted(events));
    for (const [headers, body, events] of requests)
      expect(await send(project, headers, body)).toEqual(accepted(events, true));
    expect(await project.sumWhen("clicks", 621)).toBe(621);
    expect((await project.query("clicks")).series[0]?.group).toEqual({ subject: "cart" });
  });

  it("[I1] one that is none is a 400 that says why", async () => {
    const answer = await send(
      await TestProject.with(),
      { "ce-specversion": "1.0", "ce-type": "click" },
      "{}",
    );
    expect(answer).toMatchObject({
      status: 400,
      body: {
        accepted: 0,
        rejected: [
          {
            index: 0,
            reason: "cloudevent",
            message: "the CloudEvent's id is nothing; expected a non-empty string",
          },
        ],
      },
    });
  });
});
