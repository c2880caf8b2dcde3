import { useEffect, useMemo } from "preact/hooks";
import type { Dashboard } from "../protocol/dashboard.ts";
import { parseDuration } from "../protocol/time.ts";
import type { Catalog } from "./api.ts";
import { ColorSlots } from "./color-slots.ts";
import { formatSpan } from "./format.ts";
import { panelSpans } from "./grid-layout.ts";
import { PanelCard } from "./panel-card.tsx";
import { SERIES_COLORS } from "./theme.ts";

/** One dashboard: its title and its grid of panels. */
export function DashboardPage({ dashboard, metrics }: { dashboard: Dashboard; metrics: Catalog["metrics"] }) {
  const { title, range, panels } = dashboard;
  const spans = useMemo(() => panelSpans(panels), [panels]);
  const colors = useMemo(() => new ColorSlots(SERIES_COLORS), [dashboard.name]);
  useEffect(() => {
    document.title = `${title} · Freshet`;
  }, [title]);
  return (
    <main class="page">
      <div class="page-head">
        <h1 class="page-title">{title}</h1>
        <p class="page-range">Last {formatSpan(parseDuration(range) ?? 900_000)}</p>
      </div>
      <div class="grid">
        {panels.map((panel, i) => (
          <PanelCard
            key={`${i} ${panel.metric} ${panel.kind}`}
            panel={panel}
            span={spans[i] ?? { wide: 12, tablet: 6 }}
            range={range}
            metric={metrics.get(panel.metric)}
            colors={colors}
          />
        ))}
      </div>
    </main>
  );
}
