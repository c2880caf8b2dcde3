import type { FanoutCase, FanoutResult } from "./fanout.ts";
import { median, rounded } from "./helpers/results.ts";

/** The section of `bench/README.md` about fan-out. */
export function fanoutSection({ tickMs, groups, cases, slow, bytes }: FanoutResult): string {
  const kinds = new Map<string, FanoutCase[]>();
  for (const each of cases) {
    const kind = `${each.sockets} ${each.frames} ${each.server}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  const rows = [...kinds.values()].map((rounds) => row(rounds, cases));
  const share = (form: number): string => `${rounded((form / bytes.naive) * 100, 2)} %`;
  return `## Fan-out: what a frame costs to each of many WebSockets

Every ${tickMs} ms ${groups} points of a metric change, one a group, and every client gets the frame. CPU of all processes of the server, the whole way from the
POST included, divided by the frames that reached clients, which are another process. *A bare hub* is a Durable Object that sends
the same frame to its sockets and does nothing else; *ws and Redis* is \`ws\` on Node with a Redis channel in front. *Spread*: from the first client that has
a frame to the last. Clients of \`freshet.v2\` say what they have taken when they are asked: seldom once they have kept up for a minute, as here. Of several
rounds it is the middle one. workerd keeps two file descriptors a socket: a machine that allows 20,000 has room for 9,900.

| sockets | frames | server | CPU µs a message | to the bare hub | bytes a frame | spread p50, ms | p99, ms | had | |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

Bytes a point, of the same frame: ${bytes.naive} as a list of objects that each say everything, ${bytes.v1} in \`freshet.v1\` (${share(bytes.v1)}),
${bytes.v2} in \`freshet.v2\` (**${share(bytes.v2)}**).

Beside a client that reads one byte a second and acknowledges nothing, a thousand others have their frames as before:

| frames | with it | spread p50, ms | p99, ms | had |
| --- | --- | --- | --- | --- |
${slow
  .map(({ frames, withSlow, spreadMs, delivered }) => {
    return `| ${frames} | ${withSlow ? "yes" : "no"} | ${spreadMs.p50} | ${spreadMs.p99} | ${percent(delivered)} |`;
  })
  .join("\n")}`;
}

function row(rounds: readonly FanoutCase[], cases: readonly FanoutCase[]): string {
  const [first] = rounds;
  if (first === undefined) return "";
  const of = (value: (each: FanoutCase) => number): number => rounded(median(rounds.map(value)));
  const isOurs = first.server.startsWith("freshet");
  const ratios = rounds.flatMap(({ sockets, frames, round, cpuUsPerMessage }) => {
    const bare = cases.find(
      (each) =>
        each.server === "bare hub" &&
        each.sockets === sockets &&
        each.frames === frames &&
        each.round === round,
    );
    return bare === undefined || !isOurs ? [] : [cpuUsPerMessage / bare.cpuUsPerMessage];
  });
  const noisy = rounds.filter((each) => each.noisy).map(({ othersCpu }) => Math.round(othersCpu * 100));
  const cells = [
    first.sockets.toLocaleString("en-US"),
    first.frames,
    first.server.startsWith("freshet") ? "**Freshet**" : first.server,
    of(({ cpuUsPerMessage }) => cpuUsPerMessage),
    ratios.length === 0 ? "" : `**${rounded(median(ratios))}**`,
    of(({ bytesPerFrame }) => bytesPerFrame),
    of(({ spreadMs }) => spreadMs.p50),
    of(({ spreadMs }) => spreadMs.p99),
    percent(Math.min(...rounds.map(({ delivered }) => delivered))),
    noisy.length === 0 ? "" : `noisy: others took ${noisy.join(", ")} %`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function percent(share: number): string {
  return `${rounded(share * 100, 4)} %`;
}
