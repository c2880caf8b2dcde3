import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { SeenAnswer, TailAnswer, Trace } from "../../protocol/observe.ts";
import { hasCommand } from "../../tools/services/processes.ts";
import { Freshet } from "../helpers/freshet.ts";

const MINUTES_MS = 60_000;
/** Longer than a viewer holds its connection without a question. */
const IDLE_MS = 18_000;

it.runIf(hasCommand("java"))(
  "[U8][U9][U7] over a real Kafka the stream is seen, tailed and traced, also after a silence",
  async () => {
    const freshet = await Freshet.start({ args: ["--kafka", "--no-demo"] });
    const ask = async <T>(path: string): Promise<T> =>
      (await (await freshet.fetch(`/v1/events/${path}`)).json()) as T;
    try {
      await freshet.putMetric({
        name: "clicks",
        event: "click",
        aggregate: "count",
        window: { type: "tumbling", size: "1s" },
      });
      const event = JSON.stringify({ name: "click", props: { country: "DE" } });
      await freshet.post("first", event);
      const { events, cursor } = await ask<TailAnswer>("tail?event=click");
      expect(events.map(({ batch }) => batch)).toEqual(["first"]);
      const seen = await ask<SeenAnswer>("seen");
      expect(seen.events.find(({ name }) => name === "click")?.fields[0]).toMatchObject({ name: "country" });

      await freshet.sumWhen("clicks", 1, 20_000);
      const trace = await ask<Trace>("trace?batch=first");
      expect(trace.logged).toMatchObject({ log: "kafka" });
      expect(Math.abs((trace.logged.atMs ?? 0) - trace.received.atMs)).toBeLessThan(5_000);
      expect(trace.folded.state).toBe("done");
      expect(trace.metrics).toMatchObject([{ metric: "clicks", verdict: "counts", value: 1 }]);

      await sleep(IDLE_MS);
      await freshet.post("second", event);
      const since = await ask<TailAnswer>(`tail?event=click&cursor=${cursor}`);
      expect(since.events.map(({ batch }) => batch)).toEqual(["second"]);
    } finally {
      await freshet.stop();
    }
  },
  4 * MINUTES_MS,
);

it.skipIf(hasCommand("java"))("[O3] needs Java, or says so", () => {
  console.log("SKIPPED: the stream over Kafka: there is no java");
  expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
});
