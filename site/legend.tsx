/** One entry of a legend. */
export interface LegendItem {
  key: string;
  label: string;
  /** Its colour's number. */
  slot: number;
  value: string;
}

/** The names and values of a chart's series: now's, or those under the pointer. */
export function Legend({ items, hidden }: { items: readonly LegendItem[]; hidden: number }) {
  return (
    <ul class="legend" aria-hidden="true">
      {items.map(({ key, label, slot, value }) => (
        <li key={key} class="legend-item">
          <span class="swatch" style={{ "--color": `var(--series-${slot + 1})` }} />
          <span class="legend-label" title={label}>
            {label}
          </span>
          <span class="legend-value">{value}</span>
        </li>
      ))}
      {hidden > 0 && <li class="legend-item legend-more">{`${hidden} more`}</li>}
    </ul>
  );
}
