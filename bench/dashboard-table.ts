import type { DashboardResult } from "./dashboard.ts";

/** The figures of the dashboard in Chromium. */
export function dashboardSection({ sizes, bare, script, frames, heap, pixels }: DashboardResult): string {
  const rows = script.map(({ load, scriptMsPerTick, allMsPerTick }) => [
    `${load.panels} × ${load.seriesEach} × ${load.points}`,
    scriptMsPerTick,
    ratio(scriptMsPerTick, bare.scriptMsPerTick),
    allMsPerTick,
    ratio(allMsPerTick, bare.allMsPerTick),
  ]);
  const first = heap.samplesMiB.at(0);
  const last = heap.samplesMiB.at(-1);
  return `## The dashboard

In Chromium without a graphics card, on data that a small server sends ${frames.load.ticks} times a second for each panel. CPU time of the page's main thread for each
tick of all panels; *all* is script, styles, layout, painting and collecting garbage. Beside it the least there is: as many lines on one canvas by bare
canvas calls, in the same run.

${table(
  ["panels × series × points", "script, ms", "times bare", "all, ms", "times bare"],
  [["bare canvas calls, 60 × 600", bare.scriptMsPerTick, "", bare.allMsPerTick, ""], ...rows],
)}

${frames.load.panels} panels of ${frames.load.seriesEach} series and ${frames.load.points} points: ${frames.framesPerSecond} frames a second where an empty page has ${frames.emptyFramesPerSecond}; the main thread is busy for ${percent(frames.mainThreadShare)} of
the time, the browser itself and others took ${percent(frames.othersCpu)} of the machine meanwhile${frames.noisy ? " (*noisy*: what is missing in frames is what the machine did not give)" : ""}.

The heap, garbage collected, ${heap.load.panels} panels of ${heap.load.seriesEach} series with points that leave as they come: ${first} MiB at first, ${last} MiB after ${heap.minutes} minutes; ${heap.kibPerMinute} KiB
a minute (the middle slope of all pairs), which would be ${Math.round((heap.kibPerMinute ?? 0) * 10)} KiB in ten minutes.

From sending an event to the frame that shows it, while others are sent at the rate given (fewer where the machine could take no more):

${table(
  [
    "log",
    "tick, ms",
    "events/s wanted",
    "accepted",
    "p50, ms",
    "p50 less half a tick",
    "p99, ms",
    "p99 less a tick",
    "probes",
    "",
  ],
  pixels.map(({ log, tickMs, eventsPerSecond, pixelMs, probes, noisy, othersCpu }) => [
    log,
    tickMs,
    eventsPerSecond.wanted,
    eventsPerSecond.accepted,
    pixelMs.p50,
    Math.round(pixelMs.p50 - tickMs / 2),
    pixelMs.p99,
    Math.round(pixelMs.p99 - tickMs),
    probes,
    noisy ? `noisy: the browser and others took ${percent(othersCpu)}` : "",
  ]),
)}

Opening a dashboard loads ${count(sizes?.opening.gzipBytes)} B gzip in ${count(sizes?.opening.files)} files; what is loaded when it is asked for, all together, ${count(sizes?.onDemand.gzipBytes)} B.`;
}

type Cell = string | number;

function table(head: string[], rows: Cell[][]): string {
  const line = (cells: Cell[]): string => `| ${cells.map(count).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function count(value: Cell | undefined): string {
  return typeof value === "number" ? value.toLocaleString("en-US") : (value ?? "?");
}

function ratio(value: number, bare: number): string {
  return `**${(value / bare).toFixed(1)}**`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
