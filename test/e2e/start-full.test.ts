import { expect, it } from "vitest";
import { listProcesses } from "../../tools/server/process-tree.ts";
import { hasCommand } from "../../tools/services/processes.ts";
import { Freshet } from "../helpers/freshet.ts";

const MINUTES_MS = 60_000;

it.runIf(hasCommand("java"))(
  "[O3] npm run start:full runs on a real Kafka and VictoriaMetrics, and leaves none of them behind",
  async () => {
    const freshet = await Freshet.start({ args: ["--kafka", "--no-demo"] });
    try {
      const health = await (await freshet.fetch("/healthz")).json();
      expect(health).toMatchObject({ status: "ok", log: "kafka" });
      const pids = freshet.pids();
      expect(await freshet.interrupt()).toBe(0);
      expect(pids.length).toBeGreaterThan(4);
      const running = new Set(listProcesses().map(({ pid }) => pid));
      expect(pids.filter((pid) => running.has(pid))).toEqual([]);
    } finally {
      await freshet.stop();
    }
  },
  4 * MINUTES_MS,
);

it.skipIf(hasCommand("java"))("[O3] needs Java, or says so", () => {
  console.log("SKIPPED: npm run start:full: there is no java");
  expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
});
