import { DEMO_ALERTS } from "./alerts.ts";
import { DEMO_DASHBOARDS } from "./dashboards.ts";
import { DEMO_METRICS, DEMO_VIEWS } from "./metrics.ts";

export interface SeedOptions {
  url: string;
  /** The deployment's `ROOT_KEY`: it makes the project and its keys. */
  rootKey: string;
  project?: string;
  writeKey?: string;
  readKey?: string;
  adminKey?: string;
  signal?: AbortSignal;
}

/** Makes the demo project with its keys, metrics, views, alerts and dashboards; where they exist they are set to what they should be. */
export async function seedDemo(options: SeedOptions): Promise<void> {
  const { rootKey, project = "demo" } = options;
  const { writeKey = "demo-write", readKey = "demo-read", adminKey = "demo-admin" } = options;
  const put = (key: string, path: string, body: unknown) =>
    putJson(options, key, `/v1/catalog/${path}`, body);
  await put(rootKey, `projects/${project}`, {});
  for (const [role, key] of Object.entries({ write: writeKey, read: readKey, admin: adminKey })) {
    await put(rootKey, `projects/${project}/keys/demo-${role}`, { key, role });
  }
  await Promise.all(DEMO_METRICS.map((metric) => put(adminKey, `metrics/${metric.name}`, metric)));
  // A view is refused while one of its metrics is missing.
  await Promise.all(DEMO_VIEWS.map((view) => put(adminKey, `metrics/${view.name}`, view)));
  await Promise.all(DEMO_ALERTS.map((rule) => put(adminKey, `alerts/${rule.name}`, rule)));
  await Promise.all(DEMO_DASHBOARDS.map((board) => put(adminKey, `dashboards/${board.name}`, board)));
}

async function putJson(
  { url, signal }: SeedOptions,
  key: string,
  path: string,
  body: unknown,
): Promise<void> {
  const response = await fetch(new URL(path, url), {
    method: "PUT",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`PUT ${path} was answered ${response.status}: ${answer.slice(0, 300)}`);
}
