import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { seedDemo } from "./seed.ts";

const puts: { path: string; key: string; body: unknown }[] = [];
let refuse = "";
const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  request.on("end", () => {
    const path = `${request.method} ${request.url}`;
    puts.push({ path, key: request.headers.authorization ?? "", body: JSON.parse(text) });
    const refused = refuse !== "" && path.includes(refuse);
    response.writeHead(refused ? 400 : 200).end(refused ? '{"message":"window.size is nothing"}' : "{}");
  });
});

afterEach(() => server.close());

test("[O1] makes the project and its keys as root, then metrics, views, alerts and dashboards as its admin; says what is refused", async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await seedDemo({ url, rootKey: "root-secret-of-this-run" });
  expect(puts.slice(0, 4)).toEqual([
    { path: "PUT /v1/catalog/projects/demo", key: "Bearer root-secret-of-this-run", body: {} },
    ...["write", "read", "admin"].map((role) => ({
      path: `PUT /v1/catalog/projects/demo/keys/demo-${role}`,
      key: "Bearer root-secret-of-this-run",
      body: { key: `demo-${role}`, role },
    })),
  ]);
  expect(puts.slice(4).every(({ key }) => key === "Bearer demo-admin")).toBe(true);
  expect(puts.map(({ path }) => path)).toContain("PUT /v1/catalog/metrics/ad_clicks");
  expect(puts.map(({ path }) => path)).toContain("PUT /v1/catalog/dashboards/servers");
  expect(puts.map(({ path }) => path)).toContain("PUT /v1/catalog/alerts/slow_region");
  const bodies = puts.map(({ body }) => body as object);
  const firstView = bodies.findIndex((body) => "ratio" in body || "change" in body);
  expect(firstView).toBeGreaterThan(bodies.findLastIndex((body) => "aggregate" in body));

  refuse = "metrics/server_cpu";
  await expect(seedDemo({ url, rootKey: "root-secret-of-this-run" })).rejects.toThrow(
    "window.size is nothing",
  );
});
