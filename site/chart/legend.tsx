import { useRef } from "preact/hooks";
import { formatValue, type Unit } from "../format.ts";
import { useSize, useStore } from "../hooks.ts";
import type { Picture } from "./picture.ts";
import type { Store } from "../store.ts";

/** One entry of a legend, for the picture's row of the same place. */
export interface LegendItem {
  key: string;
  label: string;
  /** Its colour's number. */
  slot: number;
  /** Its value now. */
  value: number | undefined;
}

interface LegendProps {
  items: readonly LegendItem[];
  /** How many groups are not drawn. */
  hidden: number;
  unit: Unit;
  picture: Picture;
  /** The picture's row under the cursor. */
  hovered: Store<number | undefined>;
  /** The key of the one that is drawn alone. */
  only: string | undefined;
  onOnly: (key: string | undefined) => void;
}

const ROW_PX = 20;

/**
 * The names and values of a chart's series: now's, or those under the cursor. A press on one shows it alone. Without any it
 * keeps the room that it had, or a row, so that the chart does not shrink when points come.
 */
export function Legend({ items, hidden, unit, picture, hovered, only, onOnly }: LegendProps) {
  const index = useStore(hovered);
  const list = useRef<HTMLUListElement>(null);
  const { height } = useSize(list);
  const room = useRef(ROW_PX);
  if (items.length > 0 && height > 0) room.current = height;
  return (
    <ul class="legend" ref={list} style={{ "--room": items.length > 0 ? 0 : `${room.current}px` }}>
      {items.map(({ key, label, slot, value }, row) => {
        const shown = index === undefined ? value : picture.rows[row]?.y[index];
        return (
          <li key={key}>
            <button
              type="button"
              class={`legend-item ${only !== undefined && only !== key ? "legend-off" : ""}`}
              aria-pressed={only === key}
              title={only === key ? "Show all" : `Show ${label} alone`}
              onClick={() => onOnly(only === key ? undefined : key)}
            >
              <span class="swatch" style={{ "--color": `var(--series-${slot + 1})` }} />
              <span class="legend-label" dir="auto">
                {label}
              </span>
              <span class="legend-value">{formatValue(shown, unit)}</span>
            </button>
          </li>
        );
      })}
      {hidden > 0 && <li class="legend-more">{`${hidden} more`}</li>}
    </ul>
  );
}
