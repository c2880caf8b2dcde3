import type { WindowsResult } from "./windows.ts";

type AnyCase = WindowsResult["cases"][number];

/** The figures of the window engine: nanoseconds an event, and how often that is the bare loop's. */
export function windowsSection({ cases, densities, eventsPerRange, partitions }: WindowsResult): string {
  const parts = densities.flatMap((density) => {
    const some = cases.filter(({ groups }) => groups === density.groups);
    return some.length === 0 ? [] : [tableOf(density, some)];
  });
  return `## The window engine

CPU nanoseconds an event, from an event (parsed) to its sealed point: folded by a reader (ranges of ${eventsPerRange} events, ${partitions} partitions), sent as
JSON, merged, sealed. In brackets: how many times the CPU of a bare loop over two maps, pane → group → count, on the same events in the same run; *without JSON*
is the same without the message between reader and window object. *refused*: such a definition does not fit the memory of 64 window objects.

${parts.join("\n\n")}`;
}

function tableOf(
  { groups, eventsPerSecond }: WindowsResult["densities"][number],
  cases: readonly AnyCase[],
): string {
  const windows = [...new Set(cases.map(({ window }) => window))];
  const aggregates = [...new Set(cases.map(({ aggregate }) => aggregate))];
  const rows = aggregates.map((aggregate) => {
    const cells = windows.map((window) =>
      cell(cases.find((each) => each.aggregate === aggregate && each.window === window)),
    );
    return `| ${aggregate} | ${cells.join(" | ")} |`;
  });
  const title = `**${groups.toLocaleString("en-US")} groups, ${eventsPerSecond.toLocaleString("en-US")} events a second of event time**`;
  return `${title}${noise(cases)}\n
| | ${windows.join(" | ")} |
| --- | ${windows.map(() => "---").join(" | ")} |
${rows.join("\n")}`;
}

function cell(one: AnyCase | undefined): string {
  if (one === undefined) return "";
  if ("unfit" in one) return one.unfit;
  const whole = `${Math.round(one.nsPerEvent)} (${one.ratio.toPrecision(2)} ×)`;
  if (one.aggregate !== "count") return whole;
  const pure = one.nsPerEvent - one.jsonNs;
  return `${whole}, without JSON ${Math.round(pure)} (${(pure / one.loopNs).toPrecision(2)} ×)`;
}

function noise(cases: readonly AnyCase[]): string {
  const noisy = cases.filter((each) => "noisy" in each && each.noisy).length;
  return noisy === 0 ? "" : `, *noisy* in ${noisy} of ${cases.length} cases: others used the machine`;
}
