import { useEffect, useState } from "preact/hooks";
import type { Variable } from "../../protocol/dashboard.ts";
import { valueLabel } from "../series/group-label.ts";
import { useStore } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import { searchWith } from "../page/page-options.ts";
import { useQuery } from "../series/query.ts";
import { fragment, navigate, path, search } from "../route.ts";
import { chooseStepMs } from "../time/step.ts";
import { type DrawnMetric, traitsOf } from "../series/traits.ts";
import { VARIABLE_PREFIX } from "../series/variables.ts";

/** What may be chosen is looked for again as often. */
const REFRESH_MS = 60_000;
const LOOK_BACK_POINTS = 30;

export interface VariableSelectsProps {
  variables: readonly Variable[];
  values: ReadonlyMap<string, string>;
  metrics: ReadonlyMap<string, DrawnMetric>;
  rangeMs: number;
}

/** The choices above a dashboard's panels. */
export function VariableSelects({ variables, values, metrics, rangeMs }: VariableSelectsProps) {
  return variables.map((variable) => (
    <VariableSelect
      key={variable.name}
      variable={variable}
      value={values.get(variable.name)}
      metric={metrics.get(variable.metric)}
      rangeMs={rangeMs}
    />
  ));
}

interface VariableSelectProps {
  variable: Variable;
  value: string | undefined;
  metric: DrawnMetric | undefined;
  rangeMs: number;
}

/** The choice of one variable's value, from the groups that its metric has had. */
function VariableSelect({ variable, value, metric, rangeMs }: VariableSelectProps) {
  const values = useSeenValues(variable, metric, rangeMs);
  const current = useStore(search);
  const offered = value === undefined || values.includes(value) ? values : [value, ...values];
  return (
    <label class="variable">
      <span class="variable-title">{variable.title}</span>
      <select
        class="button variable-select"
        value={value ?? ""}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          const next = searchWith(
            current,
            VARIABLE_PREFIX + variable.name,
            chosen === "" ? undefined : chosen,
          );
          navigate(path.value + next + fragment.value);
        }}
      >
        <option value="">All</option>
        {offered.map((each) => (
          <option key={each} value={each}>
            {valueLabel(each)}
          </option>
        ))}
      </select>
    </label>
  );
}

function useSeenValues(
  { name, metric: metricName }: Variable,
  metric: DrawnMetric | undefined,
  rangeMs: number,
): string[] {
  const query = useQuery();
  const { view } = useLive();
  const [values, setValues] = useState<string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const { stepMs } = traitsOf(metric);
    const look = async (): Promise<void> => {
      const toMs = view.clockMs();
      const step = chooseStepMs(rangeMs, LOOK_BACK_POINTS, stepMs);
      const request = { metric: metricName, fromMs: toMs - rangeMs, toMs, stepMs: step };
      const { series } = await query(request, stop.signal);
      const seen = new Set(series.flatMap(({ group }) => group[name] ?? []));
      if (!stop.signal.aborted) setValues([...seen].sort());
    };
    // Without an answer what was seen before stays on offer.
    const ask = (): void => void look().catch(() => undefined);
    ask();
    const timer = setInterval(ask, REFRESH_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [query, view, metricName, name, metric, rangeMs]);
  return values;
}
