import type { WindowsResult } from "./windows.ts";

type AnyCase = WindowsResult["cases"][number];

/** The figures of the window engine: nanoseconds an event, and how often that is the bare loop's. */
export function windowsSection({
  cases,
  densities,
  eventsPerRange,
  partitions,
  jitterMs,
  visit,
}: WindowsResult): string {
  const parts = densities.flatMap((density) => {
    const some = cases.filter(({ groups }) => groups === density.groups);
    return some.length === 0 ? [] : [tableOf(density, some)];
  });
  return `## The window engine

CPU nanoseconds an event, from an event (parsed) to its sealed point: folded by readers (${partitions} partitions in turn, ranges of ${eventsPerRange.toLocaleString("en-US")} events:
1 MiB), sent as JSON, merged, sealed. In brackets: how many times the CPU of a bare loop over two maps, pane → group → count, on the same events in
the same run, in turns; then, of sliding windows, how many times that of tumbling ones. Event time moves on with the events, which
come up to ${jitterMs} ms out of order; groups are equally frequent; a user does ${visit.events} events in ${visit.ms / 1_000} s. Windows are full before measuring begins, and are measured
for as long as they are. Sealed counts are checked against the events. *in n objects*: so many share the groups, for want of memory in one;
*refused*: 64 could not; *folded*: sketches outgrew the memory, and groups were folded.

${parts.join("\n\n")}`;
}

function tableOf(
  { groups, eventsPerSecond }: WindowsResult["densities"][number],
  cases: readonly AnyCase[],
): string {
  const windows = [...new Set(cases.map(({ window }) => window))];
  const aggregates = [...new Set(cases.map(({ aggregate }) => aggregate))];
  const rows = aggregates.map((aggregate) => {
    const row = cases.filter((each) => each.aggregate === aggregate);
    const tumbling = row.find((each) => each.window === "tumbling");
    const cells = windows.map((window) =>
      cell(
        row.find((each) => each.window === window),
        tumbling,
      ),
    );
    return `| ${aggregate} | ${cells.join(" | ")} |`;
  });
  const title = `**${groups === 1 ? "1 group" : `${groups.toLocaleString("en-US")} groups`}, ${eventsPerSecond.toLocaleString("en-US")} events a second of event time**`;
  return `${title}${noise(cases)}\n
| | ${windows.join(" | ")} |
| --- | ${windows.map(() => "---").join(" | ")} |
${rows.join("\n")}`;
}

function cell(one: AnyCase | undefined, tumbling: AnyCase | undefined): string {
  if (one === undefined) return "";
  if ("unfit" in one) return one.unfit;
  const ratios = [`${one.ratio.toPrecision(2)} ×`];
  if (one.window.startsWith("sliding") && tumbling !== undefined && !("unfit" in tumbling))
    ratios.push(`${(one.ratio / tumbling.ratio).toFixed(2)} × tumbling`);
  const objects = one.shards > 1 ? ` in ${one.shards} objects` : "";
  const json = one.aggregate === "count" ? `; JSON ${Math.round(one.jsonNs)}` : "";
  return `${Math.round(one.nsPerEvent)} (${ratios.join(", ")})${json}${objects}`;
}

function noise(cases: readonly AnyCase[]): string {
  const noisy = cases.filter((each) => "noisy" in each && each.noisy).length;
  return noisy === 0 ? "" : `, *noisy* in ${noisy} of ${cases.length} cases: others used the machine`;
}
