import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { listProcesses, type ProcessEntry } from "../../tools/server/process-tree.ts";
import { Freshet, type FreshetOptions } from "../helpers/freshet.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "freshet-start-"));
const running = new Set<Freshet>();

afterEach(async () => {
  const ended = [...running];
  running.clear();
  for (const freshet of ended) await freshet.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: FreshetOptions = {}): Promise<Freshet> {
  const freshet = await Freshet.launch(options);
  running.add(freshet);
  await freshet.says(/^Ready: /m, options.readyMs ?? 60_000);
  return freshet;
}

/** Runs one that is expected to refuse. */
async function refuse(options: FreshetOptions): Promise<{ code: number | null; output: string }> {
  const freshet = await Freshet.launch(options);
  running.add(freshet);
  const code = await freshet.ended();
  return { code, output: freshet.output };
}

/** Those of the processes that are still there; the wrangler of one killed outright needs a moment to notice. */
async function left(before: ProcessEntry[], withinMs = 6_000): Promise<string[]> {
  for (const deadlineMs = Date.now() + withinMs; ; await sleep(100)) {
    const now = listProcesses();
    const there = before.filter(({ pid, command }) =>
      now.some((p) => p.pid === pid && p.command === command),
    );
    if (there.length === 0 || Date.now() > deadlineMs) return there.map(({ command }) => command);
  }
}

async function newestPoint(freshet: Freshet, metric: string): Promise<number> {
  const response = await freshet.fetch(`/v1/query?metric=${metric}&from=now-1m`, {}, "demo-read");
  const { series } = (await response.json()) as QueryAnswer;
  return Math.max(0, ...series.flatMap(({ t, v }) => t.filter((_, i) => v[i] !== null && v[i] !== 0)));
}

/** What cannot move within ten seconds: a session must end first, and a minute ago there was nothing to compare with. */
const PATIENT = new Set(["session_length", "players_change"]);

describe("[O1] npm start", () => {
  it("[O1] leads from a fresh clone to dashboards that move; Ctrl-C leaves no process behind", async () => {
    const clone = join(folder, "clone");
    execFileSync("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone]);
    const freshet = await start({ cwd: clone, args: [], readyMs: 200_000 });
    expect(freshet.output).toMatch(/^Installing dependencies/m);
    expect(freshet.output).toContain(`Ready: http://localhost:${freshet.port}\n`);

    const page = await freshet.fetch("/");
    expect(await page.text()).toMatch(/<!doctype html>/i);
    const listed = await freshet.fetch("/v1/catalog/dashboards", {}, "demo-read");
    const { dashboards } = (await listed.json()) as { dashboards: Dashboard[] };
    expect(dashboards.map(({ name }) => name).sort()).toEqual(["ads", "game", "servers"]);
    const metrics = [...new Set(dashboards.flatMap(({ panels }) => panels.map(({ metric }) => metric)))];
    const readyMs = Date.now();
    for (const metric of metrics.filter((name) => !PATIENT.has(name))) {
      await expect
        .poll(() => newestPoint(freshet, metric), { timeout: 10_000, message: metric })
        .toBeGreaterThan(readyMs);
    }
    expect(Date.now() - readyMs).toBeLessThan(10_000);
    for (const metric of metrics.filter((name) => PATIENT.has(name))) {
      await expect
        .poll(() => newestPoint(freshet, metric), { timeout: 120_000, interval: 500, message: metric })
        .toBeGreaterThan(readyMs);
    }

    const processes = freshet.processes();
    expect(processes.filter(({ command }) => command.includes("workerd serve"))).toHaveLength(2);
    expect(await freshet.interrupt()).toBe(0);
    expect(await left(processes)).toEqual([]);
  });

  it("[O1] ends with npm or with its tool, whoever of them gets the signal, and however they die", async () => {
    const kills = [
      [/^npm start/, "SIGINT"],
      [/^npm start/, "SIGTERM"],
      [/^npm start/, "SIGKILL"],
      [/node \S+tools\/start\.ts/, "SIGTERM"],
      [/node \S+tools\/start\.ts/, "SIGKILL"],
    ] as const;
    for (const [command, signal] of kills) {
      const freshet = await start();
      const processes = freshet.processes();
      freshet.signal(command, signal);
      expect(await left(processes), `${String(command)} ${signal}`).toEqual([]);
    }
  });

  it("[O1] brings the server back by itself, with its state, whatever part of it is killed", async () => {
    const freshet = await start();
    const dashboard = { title: "Mine", panels: [] };
    const stored = await freshet.fetch("/v1/catalog/dashboards/mine", {
      method: "PUT",
      body: JSON.stringify(dashboard),
    });
    expect(stored.status).toBe(200);
    const parts = [
      / --socket-addr=entry=127\.0\.0\.1:0 /,
      new RegExp(` --socket-addr=entry=127\\.0\\.0\\.1:${freshet.port} `),
      /cli\.js dev/,
    ];
    for (const [killed, part] of parts.entries()) {
      freshet.signal(part, "SIGKILL");
      const backs = new RegExp(`(?:The server is back at [^]*){${killed + 1}}`);
      await freshet.says(backs, 20_000);
      const answer = await freshet.fetch("/v1/catalog/dashboards/mine");
      expect(await answer.json()).toMatchObject(dashboard);
    }
  });

  it("[O1] runs side by side on another port and folder, and refuses to share either", async () => {
    const first = await start();
    const second = await start();
    expect((await second.fetch("/healthz")).status).toBe(200);

    const samePort = await refuse({ port: first.port });
    expect(samePort.code).toBe(1);
    expect(samePort.output).toMatch(
      new RegExp(`^Freshet: Port ${first.port} is in use by another program`, "m"),
    );
    const sameState = await refuse({ state: first.state });
    expect(sameState.code).toBe(1);
    expect(sameState.output).toContain(
      `${first.state} is in use by the copy at http://localhost:${first.port}`,
    );
    expect((await first.fetch("/healthz")).status).toBe(200);
  });

  it("[O1] goes on with the state of a copy that was killed outright", async () => {
    const state = mkdtempSync(join(folder, "state-"));
    const first = await start({ state });
    const processes = first.processes();
    await first.fetch("/v1/catalog/dashboards/mine", { method: "PUT", body: '{"panels":[]}' });
    first.signal(/node \S+tools\/start\.ts/, "SIGKILL");
    expect(await left(processes)).toEqual([]);
    const second = await start({ state });
    expect((await second.fetch("/v1/catalog/dashboards/mine")).status).toBe(200);
  });
});

describe("[O4] a wrong setting stops the start with a sentence that names it", () => {
  it.each([
    [{ PARTITIONS: "none" }, "Freshet: PARTITIONS is"],
    [{ PORT: "http" }, "Freshet: PORT is 'http'; expected a whole number from 1 to 65535"],
    [{ KAFKA_BROKERS: "kafka" }, "Freshet: KAFKA_BROKERS holds"],
    [{ KAFKA_BROKERS: "127.0.0.1:1" }, "Freshet: the event log cannot be used: Kafka at 127.0.0.1:1"],
  ])("[O4] %o", { timeout: 90_000 }, async (env, sentence) => {
    const { code, output } = await refuse({ env });
    expect(output).toContain(sentence);
    expect(output).not.toMatch(/^Ready/m);
    expect(code).toBe(1);
  });
});

describe("[O4] a right one", () => {
  it("[O4] reaches the server as it was given, and is nobody else's to read", async () => {
    const token = "p'a\"$HOME-${PATH}#\\n;\\$x";
    const freshet = await start({ env: { METRICS_TOKEN: token, PARTITIONS: "3" } });
    expect(await (await freshet.fetch("/healthz")).json()).toMatchObject({ partitions: 3 });
    expect((await fetch(`${freshet.url}/metrics`)).status).toBe(401);
    const allowed = await fetch(`${freshet.url}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(allowed.status).toBe(200);
    const settings = join(freshet.state, "settings.env");
    expect(statSync(settings).mode & 0o077).toBe(0);
    expect(freshet.processes().filter(({ command }) => command.includes("HOME"))).toEqual([]);
    await freshet.interrupt();
    expect(existsSync(settings)).toBe(false);
  });
});
