import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { Bundle } from "./bundle.ts";
import { SITE } from "./dashboard-server.ts";
import { makeBodies, randomness } from "./events.ts";
import { postEvents } from "./load.ts";
import { type Freshet, type LogName, tryStartFreshet } from "./path.ts";
import { postProbe, PROBE_METRIC } from "./probe.ts";
import { PROJECT_KEYS, putMetric } from "./project.ts";
import { quantile, rounded } from "./results.ts";

/** From the moment of sending an event to the frame that shows it on the screen. */
export interface PixelCase {
  log: LogName;
  tickMs: number;
  probes: number;
  /** What the background wanted to send, and what was accepted of it. */
  eventsPerSecond: { wanted: number; accepted: number };
  pixelMs: { p50: number; p99: number };
}

const TICK_MS = 200;
const EVENTS_PER_REQUEST = 1_000;
const PAUSE_MS = { least: 60, most: 320 };
const PROBE_TIMEOUT_MS = 30_000;
const WARM_UP_PROBES = 15;

/** What is watched: the probes as a number, and the background as lines, as on a dashboard in use. */
const DASHBOARD: Omit<Dashboard, "name"> = {
  title: "Pixels",
  range: "5m",
  panels: [
    { title: "Probe", kind: "number", metric: PROBE_METRIC.name, width: 4, height: 2 },
    { title: "Clicks", kind: "line", metric: "clicks", width: 8, height: 2 },
  ],
};

/** Measures over one log; undefined where this machine cannot have it. */
export async function measurePixels(
  browser: Browser,
  log: LogName,
  dir: string,
  bundle: Bundle,
  { probes, eventsPerSecond }: { probes: number; eventsPerSecond: number },
): Promise<PixelCase | undefined> {
  const freshet = await tryStartFreshet(log, dir, bundle, { LIVE_TICK_MS: String(TICK_MS) });
  if (freshet === undefined) return undefined;
  const stop = new AbortController();
  try {
    await putMetric(freshet.url, PROBE_METRIC);
    await putDashboard(freshet.url);
    const background = postBackground(freshet.port, eventsPerSecond, stop.signal);
    const startMs = performance.now();
    const page = await openPage(browser, freshet);
    const times = await Promise.race([probePage(page, freshet.url, probes), background.then(() => [])]);
    stop.abort();
    const seconds = (performance.now() - startMs) / 1_000;
    const accepted = await background;
    await page.close();
    return {
      log,
      tickMs: TICK_MS,
      probes,
      eventsPerSecond: { wanted: eventsPerSecond, accepted: Math.round(accepted / seconds) },
      pixelMs: { p50: rounded(quantile(times, 0.5)), p99: rounded(quantile(times, 0.99)) },
    };
  } finally {
    stop.abort();
    await freshet.close();
  }
}

async function putDashboard(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/catalog/dashboards/pixels`, {
    method: "PUT",
    headers: { authorization: `Bearer ${PROJECT_KEYS.admin}` },
    body: JSON.stringify(DASHBOARD),
  });
  if (!response.ok) throw new Error(`PUT dashboard: ${response.status} ${await response.text()}`);
}

/** Plain workerd has no assets: the page's files come from the disk, all else from the server. */
async function openPage(browser: Browser, freshet: Freshet): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.route(
    (url) => !url.pathname.startsWith("/v1/"),
    (route) => {
      const { pathname } = new URL(route.request().url());
      const file = extname(pathname) === "" ? "index.html" : pathname.slice(1);
      return route.fulfill({ path: join(SITE, file), body: readFileSync(join(SITE, file)) });
    },
  );
  await page.goto(`${freshet.url}/d/pixels?key=${PROJECT_KEYS.read}`);
  await page.getByText("Probe").waitFor();
  await page.evaluate(watchNumber);
  return page;
}

/**
 * Notes when each number was on the screen: after the change comes the frame that paints it, and a message posted in that
 * frame arrives once it is painted. On the clock of `Date.now`, with fractions.
 */
function watchNumber(): void {
  const seen: Record<string, number> = {};
  Object.assign(window, { seen });
  const note = (): void => {
    const text = document.querySelector(".number-digits")?.textContent ?? "";
    if (text in seen) return;
    seen[text] = 0;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener("message", () => (seen[text] = performance.timeOrigin + performance.now()));
      port1.start();
      port2.postMessage(undefined);
    });
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}

async function probePage(page: Page, url: string, probes: number): Promise<number[]> {
  const random = randomness(TICK_MS);
  const times: number[] = [];
  for (let value = 1; value <= WARM_UP_PROBES + probes; value++) {
    await sleep(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
    const sentMs = performance.timeOrigin + performance.now();
    await postProbe(url, value);
    const drawn = await page.waitForFunction(
      (text) => (window as unknown as { seen: Record<string, number> }).seen[text],
      String(value),
      { timeout: PROBE_TIMEOUT_MS, polling: 20 },
    );
    if (value > WARM_UP_PROBES) times.push(Number(await drawn.jsonValue()) - sentMs);
  }
  return times;
}

/** Sends at a steady pace, and fewer when answers are slower than that. @returns the events that were accepted. */
async function postBackground(port: number, eventsPerSecond: number, stop: AbortSignal): Promise<number> {
  const bodies = makeBodies(8, EVENTS_PER_REQUEST);
  const everyMs = (EVENTS_PER_REQUEST * 1_000) / eventsPerSecond;
  let accepted = 0;
  let dueMs = performance.now();
  const send = async (): Promise<void> => {
    let sent = false;
    const result = await postEvents({ port, connections: 1, bodies, goOn: () => !sent && (sent = true) });
    accepted += result.accepted;
  };
  while (!stop.aborted) {
    await send();
    dueMs = Math.max(dueMs + everyMs, performance.now() - 200);
    await sleep(Math.max(0, dueMs - performance.now()));
  }
  return accepted;
}
