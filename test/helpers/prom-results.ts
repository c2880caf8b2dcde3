/** A result of the Prometheus API: labels as sorted JSON to `[t, value]`. */
export type PromResult = Map<string, [t: number, value: number][]>;

export interface PromAnswer {
  status: number;
  errorType?: string;
  error?: string;
  data?: unknown;
}

/** Where PromQL is asked: what stands before `/api/v1`, and a key. */
export interface PromSource {
  url: string;
  key?: string;
}

export async function askProm(
  { url, key }: PromSource,
  path: string,
  parameters: Record<string, string>,
): Promise<PromAnswer> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  try {
    return { ...(JSON.parse(text) as object), status: response.status };
  } catch {
    return { status: response.status, error: text };
  }
}

/** The result of a query that has one. */
export async function resultOf(
  source: PromSource,
  path: "query" | "query_range",
  parameters: Record<string, string>,
): Promise<PromResult> {
  const answer = await askProm(source, path, parameters);
  if (answer.status !== 200) throw new Error(`${parameters["query"]}: ${answer.status} ${answer.error}`);
  const { resultType, result } = answer.data as { resultType: string; result: unknown };
  if (resultType === "scalar") return new Map([["scalar", [pointOf(result as [number, string])]]]);
  const series = result as {
    metric: Record<string, string>;
    value?: [number, string];
    values?: [number, string][];
  }[];
  return new Map(
    series.map(({ metric, value, values }) => [
      JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
      (values ?? (value === undefined ? [] : [value])).map(pointOf),
    ]),
  );
}

function pointOf([t, text]: [number, string]): [number, number] {
  return [t, Number(text.replace("Inf", "Infinity"))];
}

/** How two results differ, in a sentence; undefined: they do not, but for rounding. */
export function difference(ours: PromResult, theirs: PromResult): string | undefined {
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const [a = [], b = []] = [ours.get(key), theirs.get(key)];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      const [p, q] = [a[i], b[i]];
      if (p !== undefined && q !== undefined && p[0] === q[0] && isNear(p[1], q[1])) continue;
      return `${key} at ${i} of ${a.length}/${b.length}: ours ${JSON.stringify(p)}, theirs ${JSON.stringify(q)}`;
    }
  }
  return undefined;
}

function isNear(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}
