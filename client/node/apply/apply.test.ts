import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { CatalogChangeRequest } from "../../../protocol/catalog-change.ts";
import { applyCommand } from "./apply.ts";
import { exportCommand } from "./export.ts";

/** A catalog in memory, on the paths of the real one; `refused` is the path of a request that it answers with `refusal`. */
const shelves = new Map<string, unknown>();
const asked: string[] = [];
let sent: CatalogChangeRequest[] = [];
/** Somebody else, just before the server is asked to change something. */
let beforeChange = (): void => undefined;
let refused = "";
let refusal = 500;
let url = "";
let folder = "";

const server = createServer((request, response) => void serve(request, response));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url: path = "" } = request;
  const body = await text(request);
  asked.push(`${method} ${path.replace("/v1/catalog/", "")}`);
  if (path.endsWith(refused) && refused !== "") {
    return void response.writeHead(refusal).end('{"message":"something failed"}');
  }
  if (method === "POST") {
    const { changes } = JSON.parse(body) as { changes: CatalogChangeRequest[] };
    sent = changes;
    for (const { kind, name, put } of changes) {
      asked.push(`${put === undefined ? "delete" : "put"} ${kind}/${name}`);
      const at = `/v1/catalog/${kind}/${name}`;
      if (put === undefined) shelves.delete(at);
      else shelves.set(at, put);
    }
    return void response.writeHead(200).end("{}");
  }
  if (/^\/v1\/catalog\/\w+\/./.test(path)) {
    beforeChange();
    const definition = shelves.get(path);
    if (definition === undefined) return void response.writeHead(404).end("{}");
    return void response.writeHead(200, { etag: `"${path}"` }).end(JSON.stringify(definition));
  }
  const held = Array.from(shelves).filter(([at]) => at.startsWith(path));
  const list = held.map(([, definition]) => definition);
  response.writeHead(200).end(JSON.stringify({ [path.slice("/v1/catalog/".length)]: list }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-apply-"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  shelves.clear();
  asked.length = 0;
  refused = "";
  refusal = 500;
  beforeChange = () => undefined;
});

const metric = (name: string, size = "1m") => ({
  name,
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size },
});
const VIEW = { name: "growth", change: { metric: "a", ago: "1d" } };
const BOARD = { name: "board", panels: [{ title: "A", kind: "line", metric: "growth" }] };
const ALL = { metrics: [VIEW, metric("a"), metric("b")], dashboards: [BOARD] };

async function run(command: typeof applyCommand, args: string[], stdin = "") {
  let said = "";
  let complained = "";
  const code = await command(args, {
    env: { FRESHET_URL: url, FRESHET_KEY: "k" },
    stdin: Readable.from([Buffer.from(stdin)]),
    write: (text) => (said += text),
    complain: (text) => (complained += text),
    signal: new AbortController().signal,
  });
  return { code, said, complained };
}
const apply = (definitions: unknown, ...args: string[]) =>
  run(applyCommand, ["-", ...args], JSON.stringify(definitions));
const writes = () => asked.filter((request) => !request.startsWith("GET"));

test("[M1] applies what the files say in an order that works; again, it sends nothing", async () => {
  const first = await apply(ALL);
  expect(first).toMatchObject({ code: 0, complained: "" });
  expect(first.said).toContain("4 to create.");
  expect(first.said).toContain(
    "created metric a\ncreated metric b\ncreated view growth\ncreated dashboard board\n",
  );
  const puts = ["put metrics/a", "put metrics/b", "put metrics/growth", "put dashboards/board"];
  expect(writes()).toEqual(["POST changes", ...puts]);
  const second = await apply(ALL);
  expect(second.said).toContain("= unchanged: 2 metrics, 1 view, 1 dashboard\n\nNothing to change.");
  expect(writes()).toHaveLength(5);
});

test("[M1] what export writes, apply finds unchanged", async () => {
  await apply(ALL);
  const { code, said } = await run(exportCommand, []);
  expect(code).toBe(0);
  expect(Object.keys(JSON.parse(said) as object)).toEqual(["metrics", "dashboards", "alerts"]);
  const again = await run(applyCommand, ["-", "--prune"], said);
  expect(again).toMatchObject({ code: 0, said: expect.stringContaining("Nothing to change.") as string });
});

test("[M1] a dry run says what it would do, and does nothing", async () => {
  const { code, said } = await apply(ALL, "--dry-run");
  expect(code).toBe(0);
  expect(said).toContain("+ create metric a\n");
  expect(writes()).toEqual([]);
});

test("[M1] with --prune it deletes what no file defines, though never everything", async () => {
  await apply(ALL);
  const { code, said } = await apply({ metrics: [metric("b")] }, "--prune");
  expect(code).toBe(0);
  expect(said).toContain("3 to delete.");
  const deletions = ["delete dashboards/board", "delete metrics/growth", "delete metrics/a"];
  expect(writes().slice(5)).toEqual(["POST changes", ...deletions]);
  const nothing = await apply({ metrics: [] }, "--prune");
  expect(nothing).toMatchObject({ code: 1, complained: expect.stringContaining("define nothing") as string });
  expect(shelves.size).toBe(1);
});

test("[M1] files with a fault: all are told, and the server is not even asked", async () => {
  await writeFile(join(folder, "good.json"), JSON.stringify(metric("a")));
  await writeFile(
    join(folder, "bad.json"),
    JSON.stringify([metric("b", "soon"), { ...metric("c"), event: 1 }]),
  );
  const { code, complained } = await run(applyCommand, [folder, join(folder, "absent")]);
  expect(code).toBe(1);
  expect(complained.split("\n").map((line) => line.replace(`${folder}/`, ""))).toEqual([
    "freshet apply: 3 faults; nothing was changed",
    "  absent: there is no such file or folder",
    expect.stringMatching(/^ {2}bad\.json: \[0\] "b": window\.size is "soon"/),
    expect.stringMatching(/^ {2}bad\.json: \[1\] "c": event is 1/),
    "",
  ]);
  expect(asked).toEqual([]);
});

test("[M1] what does not fit the server is refused before anything is sent", async () => {
  const { code, complained } = await apply({ metrics: [metric("b"), VIEW] });
  expect(code).toBe(1);
  expect(complained).toContain("one fault; nothing was changed\n");
  expect(complained).toContain("standard input: metrics[1] \"growth\": there is no metric 'a'");
  expect(writes()).toEqual([]);
});

test("[M1] what the server refuses is applied not at all, and what it did not answer is said to be unknown", async () => {
  refused = "changes";
  refusal = 409;
  const { code, said, complained } = await apply(ALL);
  expect(code).toBe(1);
  expect(said).not.toContain("created");
  expect(complained).toBe(
    "\nFailed: POST /v1/catalog/changes was answered 409: something failed\nNothing was changed: all is applied, or nothing.\n",
  );
  refusal = 500;
  expect((await apply(ALL)).complained).toContain("It is not known whether that was applied");
  expect(writes()).toEqual(["POST changes", "POST changes"]);
  refused = "";
  expect((await apply(ALL)).said).toContain("Done: 4 applied.");
});

test("[M1] what somebody else has changed since it was looked at is not changed over", async () => {
  await apply(ALL);
  expect(sent.every(({ ifNoneMatch }) => ifNoneMatch === "*")).toBe(true);
  const theirs = metric("a", "5m");
  beforeChange = () => void shelves.set("/v1/catalog/metrics/a", theirs);
  const { code, complained } = await apply({ metrics: [metric("a", "10m"), metric("b", "10m")] });
  expect(code).toBe(1);
  expect(complained).toContain("Failed: the metric 'a' was changed by somebody else since it was read");
  expect(complained).toContain("Nothing was changed");
  expect(shelves.get("/v1/catalog/metrics/a")).toEqual(theirs);
  expect(shelves.get("/v1/catalog/metrics/b")).toEqual(metric("b"));
  beforeChange = () => undefined;
  expect(await apply({ metrics: [metric("a", "10m")] })).toMatchObject({ code: 0, complained: "" });
  expect(sent).toMatchObject([{ name: "a", ifMatch: '"/v1/catalog/metrics/a"' }]);
});

test("[M1] nor is it deleted, or made once more", async () => {
  await apply(ALL);
  beforeChange = () => {
    shelves.set("/v1/catalog/dashboards/board", { ...BOARD, range: "1h" });
    shelves.set("/v1/catalog/metrics/new", metric("new", "5m"));
  };
  const { complained } = await apply({ metrics: ALL.metrics }, "--prune");
  expect(complained).toContain("the dashboard 'board' was changed by somebody else");
  shelves.delete("/v1/catalog/metrics/new");
  expect((await apply({ metrics: [metric("new")] })).complained).toContain(
    "the metric 'new' was made by somebody else",
  );
});

test("[M1] a panel without a metric is noted, not refused", async () => {
  const { code, complained } = await apply({ dashboards: [BOARD] });
  expect(code).toBe(0);
  expect(complained).toBe(
    "note: standard input: dashboards[0] \"board\" draws 'growth', and no metric has that name\n",
  );
});

test("[M1] a field of a dashboard that means nothing is noted: it may be misspelt", async () => {
  await apply(ALL);
  const [panel] = BOARD.panels;
  const panels = [panel, { ...panel, title: "B", colour: "red" }];
  const { code, complained } = await apply({ dashboards: [{ ...BOARD, titel: "Board", panels }] });
  expect(code).toBe(0);
  const at = 'note: standard input: dashboards[0] "board": unknown field';
  expect(complained.trim().split("\n").sort()).toEqual([
    `${at} 'panels[1].colour'; it is not kept`,
    `${at} 'titel'; it is not kept`,
  ]);
});

test("[M1] wrong options end it with 2 and its usage, a server that is away with 1", async () => {
  expect(await run(applyCommand, ["--prun"])).toMatchObject({
    code: 2,
    complained: expect.stringMatching(/--prun[^]*\n\nUsage: freshet apply/) as string,
  });
  expect(await run(exportCommand, ["x"])).toMatchObject({
    code: 2,
    complained: expect.stringContaining("Usage: freshet export") as string,
  });
  expect(await run(applyCommand, ["--help"])).toMatchObject({ code: 0, complained: "" });
  refused = "metrics";
  expect(await apply(ALL)).toMatchObject({
    code: 1,
    complained: "freshet apply: GET /v1/catalog/metrics was answered 500: something failed\n",
  });
  expect(await run(exportCommand, [])).toMatchObject({ code: 1, said: "" });
});
