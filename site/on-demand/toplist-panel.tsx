import { useRef } from "preact/hooks";
import { formatValue } from "../format.ts";
import { groupLabels } from "../series/group-label.ts";
import { useFrozen, useSize } from "../hooks.ts";
import { stableOrder } from "./order.ts";
import { pageOptions } from "../page/page-options.ts";
import { search } from "../route.ts";
import { readingsNow, type PanelProps } from "../panels/panel-props.ts";
import { wholeRows } from "./whole-rows.ts";
import "../styles/toplist.css";

const DEFAULT_TOP = 10;
/** Two groups change places at most this often: a list that flickers cannot be read. */
const REORDER_EVERY_MS = 1_000;

/** Groups by their newest value, the largest first. */
export function ToplistPanel(props: PanelProps) {
  const { panel, series, unit, colors, nowMs, paused } = props;
  const order = useRef<{ keys: readonly string[]; atMs: number }>({ keys: [], atMs: 0 });
  const found = useFrozen(paused, series, () => {
    const all = readingsNow(props);
    if (Math.abs(nowMs - order.current.atMs) >= REORDER_EVERY_MS || order.current.keys.length === 0) {
      order.current = { keys: stableOrder(all, order.current.keys), atMs: nowMs };
    }
    const byKey = new Map(all.map((reading) => [reading.key, reading]));
    return order.current.keys.flatMap((key) => byKey.get(key) ?? []).slice(0, panel.top ?? DEFAULT_TOP);
  });
  const element = useRef<HTMLDivElement>(null);
  const { height } = useSize(element);
  // Nobody scrolls on a wall.
  const shown = pageOptions(search.value).kiosk ? found.slice(0, wholeRows(found.length, height)) : found;
  const labels = groupLabels(
    found.map(({ group }) => group),
    panel.title,
  );
  const largest = Math.max(...found.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  // Drawn in the order of their keys and moved to their places, so that a change of places is a movement.
  const rows = shown.map((reading, place) => ({ reading, place, label: labels[place] ?? "" }));
  rows.sort((a, b) => (a.reading.key < b.reading.key ? -1 : 1));
  return (
    <div class="toplist" ref={element} tabIndex={0} role="group" aria-label={panel.title}>
      <ol class="toplist-rows" style={{ "--rows": rows.length }}>
        {rows.map(({ reading: { key, group, value }, place, label }) => (
          <li key={key} class="toplist-row" style={{ "--place": place }}>
            <span
              class="toplist-bar"
              style={{
                "--share": Math.abs(value) / largest,
                "--color": `var(--series-${colors.inList(group) + 1})`,
              }}
            />
            <span class="toplist-label" dir="auto" title={label}>
              {label}
            </span>
            <span class="toplist-value">{formatValue(value, unit)}</span>
          </li>
        ))}
      </ol>
      {shown.length < found.length && <p class="toplist-more">{`${found.length - shown.length} more`}</p>}
    </div>
  );
}
