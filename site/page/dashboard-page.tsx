import { useEffect, useMemo } from "preact/hooks";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { parseDuration } from "../../protocol/time.ts";
import { ColorSlots } from "../chart/color-slots.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { gridRows, panelSpans } from "./grid-layout.ts";
import { useLoaded, useStore } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import type { VariableSelectsProps } from "../on-demand/variable-selects.tsx";
import { pageOptions, searchWith } from "./page-options.ts";
import { PanelCard } from "../panels/panel-card.tsx";
import { fragment, navigate, path, search } from "../route.ts";
import type { SlotContext } from "../slots.ts";
import { SERIES_COLORS } from "../theme.ts";
import { describeRange, isRangeUnreadable } from "../time/time-range.ts";
import { TimeControls } from "./time-controls.tsx";
import { chosenValues, narrowedGroups } from "../series/variables.ts";
import { UNREADABLE_RANGE } from "../time/view-url.ts";

const loadVariables = async () => (await import("../on-demand/variable-selects.tsx")).VariableSelects;
const DEFAULT_RANGE_MS = 900_000;

/** One dashboard: its title, its choices and its grid of panels, or the one panel that the address names. */
export function DashboardPage({ dashboard, context }: { dashboard: Dashboard; context: SlotContext }) {
  const { name, title, range, panels, variables = [] } = dashboard;
  const { metrics } = context.catalog;
  const { view } = useLive();
  const address = useStore(search);
  const { embed, kiosk, panel: alone } = pageOptions(address);
  const values = useMemo(() => chosenValues(address, variables), [address, variables]);
  const spans = useMemo(() => panelSpans(panels), [panels]);
  const rows = useMemo(() => gridRows(panels), [panels]);
  const colors = useMemo(() => new ColorSlots(SERIES_COLORS), [name]);
  const ownMs = parseDuration(range) ?? DEFAULT_RANGE_MS;
  useEffect(() => {
    document.title = `${title} · Freshet`;
  }, [title]);
  const shown = panels.flatMap((panel, index) =>
    alone === undefined || alone === index ? [{ panel, index }] : [],
  );
  return (
    <main class="page">
      {!embed && (
        <div class="page-head">
          <h1 class="page-title" dir="auto">
            {title}
          </h1>
          {kiosk && <WallNotes ownMs={ownMs} />}
          {isRangeUnreadable(address, view.clockMs()) && <p class="page-range">{UNREADABLE_RANGE}</p>}
          {alone !== undefined && (
            <button type="button" class="button" onClick={() => showAlone(undefined)}>
              All panels
            </button>
          )}
          <div class="page-tools">
            {variables.length > 0 && (
              <LazyVariables variables={variables} values={values} metrics={metrics} rangeMs={ownMs} />
            )}
            <TimeControls ownMs={ownMs} metrics={panels.map(({ metric }) => metric)} />
          </div>
        </div>
      )}
      {embed && <h1 class="visually-hidden">{title}</h1>}
      <div class={`grid ${alone === undefined ? "" : "grid-alone"}`} style={{ "--rows": rows }}>
        {shown.map(({ panel, index }) => (
          <PanelCard
            key={`${index} ${panel.metric} ${panel.kind}`}
            panel={panel}
            index={index}
            span={spans[index] ?? { wide: 12, tablet: 6 }}
            range={range}
            groups={narrowedGroups(panel, metrics.get(panel.metric), values)}
            metric={metrics.get(panel.metric)}
            colors={colors}
            context={context}
            onEnlarge={embed ? undefined : () => showAlone(alone === undefined ? index : undefined)}
          />
        ))}
        {shown.length === 0 && (
          <p class="grid-note">{`This dashboard has no panel${alone === undefined ? "s" : ` ${alone}`}.`}</p>
        )}
      </div>
    </main>
  );
}

/** What a wall screen says of itself: nobody is there to ask it. */
function WallNotes({ ownMs }: { ownMs: number }) {
  const range = useStore(useLive().view.range) ?? { lastMs: ownMs };
  return (
    <>
      <p class="page-range">{describeRange(range)}</p>
      <ConnectionBadge />
    </>
  );
}

function LazyVariables(props: VariableSelectsProps) {
  const { value: VariableSelects } = useLoaded(loadVariables, []);
  return VariableSelects === undefined ? <div class="variable-room" /> : <VariableSelects {...props} />;
}

function showAlone(index: number | undefined): void {
  const next = searchWith(search.value, "panel", index === undefined ? undefined : String(index));
  navigate(path.value + next + fragment.value);
}
