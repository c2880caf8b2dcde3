import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { partitionOf } from "../../durable-objects/engine/hash.ts";
import type { Event } from "../../protocol/event.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QualityAnswer, SeenAnswer, TailAnswer, Trace } from "../../protocol/observe.ts";
import { hashKey } from "../../workers/authorize.ts";
import { TestProject } from "./project.ts";

const COUNT: MetricSource = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  groupBy: ["country"],
};

async function ask<T>(project: TestProject, path: string, key = project.key("read")): Promise<T> {
  const response = await exports.default.fetch(`http://freshet.test/v1/events/${path}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return { status: response.status, ...(await response.json<object>()) } as T;
}

interface Refusal {
  status: number;
  error: string;
  message: string;
}

const click = (country: string, more: Partial<Event> = {}): object => ({
  name: "click",
  value: 2,
  props: { country, paid: true },
  ...more,
});

describe("[U7] looking into the stream", () => {
  it.each(["seen", "tail", "trace?batch=x", "quality"])("[U7] %s needs a read or admin key", async (path) => {
    const project = await TestProject.with();
    const refused = async (key: string) => ask<Refusal>(project, path, key);
    expect(await refused("no-such-key")).toMatchObject({ status: 401 });
    expect(await refused(project.key("write"))).toMatchObject({ status: 403, error: "wrong_role" });
    for (const role of ["read", "admin"] as const) {
      expect((await ask<Refusal>(project, path, project.key(role))).status).not.toBe(403);
    }
  });

  it.each([
    ["tail?limit=0", 'limit is "0"; expected a whole number from 1 to 200'],
    ["tail?limit=1e9", 'limit is "1e9"'],
    [
      "tail?cursor=1.2",
      'cursor is "1.2"; expected that of the last answer, 4 offsets parted by dots, or none',
    ],
    ["tail?cursor=1.2.3.-4", 'cursor is "1.2.3.-4"'],
    ["tail?where=country%20%3D", "where, column 10: found the end"],
    [`tail?event=${"x".repeat(200)}`, "event has 200 bytes; the bound is 128"],
    ["trace", "partition is nothing; expected a whole number from 0 to 3: batch, or partition and offset"],
    ["trace?partition=4&offset=0", 'partition is "4"; expected a whole number from 0 to 3'],
    ["trace?partition=0&offset=-1", 'offset is "-1"'],
    ["trace?partition=0&offset=0&line=x", 'line is "x"'],
    [`trace?batch=${"x".repeat(200)}`, "expected at most 128 bytes"],
  ])("[U7] %s is a 400 that says so", async (path, message) => {
    const refusal = await ask<Refusal>(await TestProject.with(), path);
    expect(refusal.status).toBe(400);
    expect(refusal.message).toContain(message);
  });

  it("[U7] shows names, fields, types and examples of this project's events alone", async () => {
    const [project, other] = [await TestProject.with(), await TestProject.with()];
    await other.post([{ name: "secret", user: "somebody else" }]);
    await project.post([click("DE", { user: "u1" }), click("US", { user: "u2" })]);
    await project.post({ name: "view", props: { depth: 0.5, page: null } });
    const answer = await ask<SeenAnswer>(project, "seen");
    expect(answer.events.map(({ name, count }) => [name, count])).toEqual([
      ["click", 2],
      ["view", 1],
    ]);
    expect(answer.sample).toMatchObject({ records: 2, events: 3, skippedRecords: 0 });
    const fields = Object.fromEntries(answer.events[0]?.fields.map((field) => [field.name, field]) ?? []);
    expect(fields["country"]).toMatchObject({ isProp: true, types: { string: 2 }, more: false });
    expect(fields["country"]?.examples?.toSorted()).toEqual(["DE", "US"]);
    expect(fields["value"]).toMatchObject({ isProp: false, types: { number: 2 }, examples: [2] });
    expect(fields["user"]).toMatchObject({ isProp: false, types: { string: 2 } });
    expect(fields["paid"]).toMatchObject({ types: { boolean: 2 }, examples: [true] });
    expect(answer.events[1]?.fields.find(({ name }) => name === "page")).toMatchObject({
      types: { null: 1 },
    });
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  it("[U7] reads the log once a second, however many ask", async () => {
    const project = await TestProject.with();
    await project.post(click("DE"));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask<SeenAnswer>(project, "seen")));
    expect(new Set(answers.map(({ events }) => events[0]?.count))).toEqual(new Set([1]));
    await project.post(click("DE"));
    expect((await ask<SeenAnswer>(project, "seen")).events[0]?.count).toBe(1);
    await scheduler.wait(1_100);
    expect((await ask<SeenAnswer>(project, "seen")).events[0]?.count).toBe(2);
  });

  it("[U7] is bounded, whatever the events hold", async () => {
    const project = await TestProject.with();
    const props = (i: number) =>
      Object.fromEntries(Array.from({ length: 60 }, (_, k) => [`key-${i}-${k}`, "v".repeat(1_000)]));
    for (let batch = 0; batch < 3; batch++) {
      await project.post(
        Array.from({ length: 60 }, (_, i) => ({ name: `n-${batch}-${i}`, props: props(i) })),
      );
    }
    await project.post(Array.from({ length: 500 }, (_, i) => ({ name: `many-${i}` })));
    const response = await exports.default.fetch(
      `http://freshet.test/v1/events/seen?key=${project.key("read")}`,
    );
    const text = await response.text();
    expect(text.length).toBeLessThan(1_000_000);
    const answer = JSON.parse(text) as SeenAnswer;
    expect(answer.events.length).toBeLessThanOrEqual(200);
    expect(answer.namesLeftOut).toBeGreaterThan(0);
    expect(answer.events.flatMap(({ fields }) => fields).length).toBeLessThanOrEqual(2_000);
  });

  it("[U7] a key that everybody is given sees neither examples nor raw events", async () => {
    const project = await TestProject.with();
    await project.post([click("DE", { user: "somebody" })]);
    await env.CATALOG.getByName("catalog").putKey(
      project.name,
      "public",
      await hashKey("a-public-read-key"),
      "read",
      {},
    );
    const seen = await ask<SeenAnswer>(project, "seen", "a-public-read-key");
    expect(seen.events[0]?.fields.map(({ name }) => name)).toContain("country");
    expect(JSON.stringify(seen)).not.toContain("somebody");
    for (const path of ["tail", "quality", "trace?batch=x"]) {
      expect(await ask<Refusal>(project, path, "a-public-read-key")).toMatchObject({
        status: 403,
        error: "public_key",
      });
    }
  });
});

describe("[U8] the tail of the stream", () => {
  it("[U8] shows events as they came, then with the cursor only what is new", async () => {
    const project = await TestProject.with();
    await project.post([click("DE"), click("US")], "first");
    const first = await ask<TailAnswer>(project, "tail");
    expect(first.events.map(({ event }) => event.props?.["country"])).toEqual(["DE", "US"]);
    expect(first.events[1]).toMatchObject({ batch: "first", line: 1 });
    await project.post([click("FR")], "second");
    const second = await ask<TailAnswer>(project, `tail?cursor=${first.cursor}`);
    expect(second.events.map(({ batch }) => batch)).toEqual(["second"]);
    const third = await ask<TailAnswer>(project, `tail?cursor=${second.cursor}`);
    expect([third.events, third.cursor]).toEqual([[], second.cursor]);
  });

  it("[U8] holds to a name and a condition, and says what it left out", async () => {
    const project = await TestProject.with();
    await project.post([
      ...Array.from({ length: 300 }, (_, i) => click(i % 2 ? "DE" : "US", { id: `${i}` })),
      { name: "view" },
    ]);
    const where = encodeURIComponent("country = 'DE'");
    const answer = await ask<TailAnswer>(project, `tail?event=click&where=${where}&limit=20`);
    expect(answer.events.map(({ event }) => event.id)).toEqual(
      Array.from({ length: 20 }, (_, i) => `${261 + 2 * i}`),
    );
    expect(answer.matched).toBe(150);
    expect(answer.sample).toMatchObject({ events: 301 });
    expect((await ask<TailAnswer>(project, "tail?event=view")).matched).toBe(1);
  });

  it("[U8] passes over the older part of a flood, and says how much", async () => {
    const project = await TestProject.with();
    const { cursor } = await ask<TailAnswer>(project, "tail");
    const long = "x".repeat(1_000);
    for (let i = 0; i < 60; i++) {
      const events = Array.from({ length: 40 }, () => ({ name: "flood", props: { i, long } }));
      await project.post(events);
    }
    const answer = await ask<TailAnswer>(project, `tail?cursor=${cursor}`);
    expect(answer.sample.skippedRecords).toBeGreaterThan(5);
    expect(answer.sample.records + answer.sample.skippedRecords).toBe(60);
    const newest = await ask<TailAnswer>(project, `tail?cursor=${answer.cursor}`);
    expect(newest).toMatchObject({ events: [], matched: 0 });
  }, 30_000);

  it("[U8] begins anew where a cursor lies beyond the log", async () => {
    const project = await TestProject.with();
    await project.post([click("DE")]);
    const answer = await ask<TailAnswer>(project, "tail?cursor=900000.900000.900000.900000");
    expect(answer.events).toHaveLength(1);
    expect(answer.cursor).not.toContain("900000");
  });

  it("[U8] goes on after the viewer was evicted, which keeps nothing", async () => {
    const project = await TestProject.with();
    await project.post([click("DE")]);
    const { cursor } = await ask<TailAnswer>(project, "tail");
    for (let p = 0; p < 4; p++) await evictDurableObject(env.LOG_VIEWER.getByName(String(p)));
    await project.post([click("US")]);
    expect((await ask<TailAnswer>(project, `tail?cursor=${cursor}`)).events).toHaveLength(1);
    const rows = await runInDurableObject(env.LOG_VIEWER.getByName("0"), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(rows).toEqual([]);
  });
});

describe("[U9] the way of one event", () => {
  it("[U9] is told by batch or place, from the edge to the window that it counts in", async () => {
    const project = await TestProject.with(COUNT, { ...COUNT, name: "rare", where: "country = 'FR'" });
    await project.post([click("DE"), click("US")], "traced");
    await project.sumWhen("clicks", 2);
    const trace = await ask<Trace>(project, "trace?batch=traced");
    const partition = partitionOf(project.name, "traced", 4);
    expect(trace.place).toMatchObject({ partition, line: 0 });
    expect(trace.batch).toMatchObject({ id: "traced", events: 2 });
    expect(trace.received.atMs).toBeGreaterThan(Date.now() - 10_000);
    expect(trace.logged.log).toBe("embedded");
    expect(trace.logged.atMs ?? 0).toBeGreaterThanOrEqual(trace.received.atMs);
    expect(trace.folded.state).toBe("done");
    expect(trace.folded.byMs ?? 0).toBeGreaterThanOrEqual(trace.logged.atMs ?? Number.POSITIVE_INFINITY);
    const [clicks, rare] = trace.metrics;
    const endMs = Math.floor(trace.event.ts / 1_000) * 1_000 + 1_000;
    expect(clicks).toMatchObject({ metric: "clicks", verdict: "counts", group: { country: "DE" }, value: 1 });
    expect(clicks?.first).toMatchObject({ startMs: endMs - 1_000, endMs });
    expect(rare).toMatchObject({ metric: "rare", verdict: "filtered" });
    expect(trace.archived.state).toBe("waiting");
    expect(trace.archived.dueMs ?? 0).toBeGreaterThan(Date.now());
    const { offset } = trace.place;
    const second = await ask<Trace>(project, `trace?partition=${partition}&offset=${offset}&line=1`);
    expect(second.event.props?.["country"]).toBe("US");
  });

  it("[U9] does not show another project's event, nor one that is not there", async () => {
    const [project, other] = [await TestProject.with(), await TestProject.with()];
    await other.post([click("DE")], "theirs");
    const { place } = await ask<Trace>(other, "trace?batch=theirs");
    const path = `trace?partition=${place.partition}&offset=${place.offset}`;
    expect(await ask<Refusal>(project, path)).toMatchObject({ status: 404, error: "unknown_event" });
    expect((await ask<Refusal>(other, `${path}&line=7`)).status).toBe(404);
    expect((await ask<Refusal>(project, "trace?batch=theirs")).status).toBe(404);
    expect((await ask<Refusal>(project, "trace?partition=0&offset=999999999")).status).toBe(404);
  });

  it("[U9] says that a definition begins behind an event", async () => {
    const project = await TestProject.with();
    await project.post([click("DE")], "before");
    await ask<Trace>(project, "trace?batch=before");
    await env.PARTITION_READER.getByName(String(partitionOf(project.name, "before", 4))).wake();
    await env.CATALOG.getByName("catalog").putMetric(project.name, COUNT);
    await project.post([click("DE")], "before-2");
    await project.post([click("DE")], "after");
    await project.sumWhen("clicks", 2);
    const verdicts = [];
    for (const batch of ["before", "after"]) {
      verdicts.push((await ask<Trace>(project, `trace?batch=${batch}`)).metrics[0]?.verdict);
    }
    expect(verdicts[1]).toBe("counts");
    expect(["before", "counts"]).toContain(verdicts[0]);
  });
});

describe("[U10] the quality of data", () => {
  it("[U10] counts what was refused by reason, with the beginning of what it was", async () => {
    const [project, other] = [await TestProject.with(COUNT), await TestProject.with()];
    await project.post([{ name: "" }, click("DE"), { name: "e", foo: "x".repeat(5_000) }]);
    await project.post([{ name: "late", ts: Date.now() + 60_000 }]);
    await exports.default.fetch("http://freshet.test/v1/events", {
      method: "POST",
      headers: { authorization: `Bearer ${project.key("write")}` },
      body: "{broken",
    });
    await project.post([click("DE")], "again");
    await project.post([click("DE")], "again");
    const answer = await ask<QualityAnswer>(project, "quality");
    expect(answer.rejectedByReason).toEqual({ name: 1, unknown_field: 1, future: 1, malformed: 1 });
    expect(answer.repeatedBatches).toBe(1);
    const byReason = new Map(answer.examples.map((example) => [example.reason, example]));
    expect(byReason.get("name")).toMatchObject({ sample: '{"name":""}' });
    expect(byReason.get("malformed")).toMatchObject({ sample: "{broken" });
    expect(byReason.get("future")?.message).toContain("the bound is 5000 ms");
    expect(byReason.get("unknown_field")?.sample).toHaveLength(240);
    expect(answer.metrics).toEqual([{ metric: "clicks", late: 0, skipped: 0, folded: 0, dropped: 0 }]);
    expect(await ask<QualityAnswer>(other, "quality")).toMatchObject({ sinceMs: null, examples: [] });
  });

  it("[U10] keeps a few examples of each reason, and survives the batcher's end", async () => {
    const project = await TestProject.with();
    const partition = partitionOf(project.name, "same", 4);
    for (let i = 0; i < 20; i++) {
      await project.post(
        Array.from({ length: 50 }, () => ({ name: i })),
        "same",
      );
    }
    const batcher = env.BATCHER.getByName(`enam/${partition}`);
    await runInDurableObject(batcher, () => scheduler.wait(5_200));
    await evictDurableObject(batcher);
    const answer = await ask<QualityAnswer>(project, "quality");
    expect(answer.rejectedByReason).toEqual({ name: 1_000 });
    expect(answer.examples).toHaveLength(5);
    expect(answer.examples[0]?.sample).toBe('{"name":19}');
  }, 15_000);

  it("[U10] shows events that came later than a metric waits", async () => {
    const project = await TestProject.with(COUNT);
    await project.post([click("DE", { ts: Date.now() - 3_600_000 })]);
    const { late } = await ask<QualityAnswer>(project, "quality");
    expect(late).toMatchObject([{ metric: "clicks", event: "click", boundMs: 33_000 }]);
    expect(late[0]?.behindMs).toBeGreaterThanOrEqual(3_600_000);
  });
});
