import { Chart } from "../chart.tsx";
import { formatValue, quantity } from "../format.ts";
import { useFrozen } from "../hooks.ts";
import { combinedColumn, pictureOf, valueRange } from "../picture.ts";
import { combined, isKnownZero, readings } from "../reading.ts";
import { describeRange } from "../time-range.ts";
import { toneOf } from "../threshold-tone.ts";
import { drawnSpan, type PanelProps } from "./panel-props.ts";

const HOW: Record<PanelProps["traits"]["combine"], string> = {
  sum: "sum of",
  mean: "mean of",
  lowest: "lowest of",
  highest: "highest of",
};

/** Units that stand at the digits without a space. */
const TIGHT = /^(%|[kMGT]?(\/s)?)$/;

/** One big number for now, and where it came from. */
export function NumberPanel(props: PanelProps) {
  const { panel, series, traits, unit, nowMs, paused, marks, now = props } = props;
  const { picture, value, groups } = useFrozen(paused, series, () => {
    const found = readings(now.series.buffer, now.traits, nowMs);
    const zero = isKnownZero(now.series.buffer, now.traits, now.series.watermark, nowMs);
    return {
      picture: pictureOf(series.buffer, [combinedColumn(series.buffer, traits)], traits),
      value: zero
        ? 0
        : combined(
            found.map((reading) => reading.value),
            traits.combine,
          ),
      groups: found.length,
    };
  });
  const { fromMs, toMs } = drawnSpan(props);
  const { prefix = "", digits, unit: suffix } = quantity(value, unit);
  const [, high = value] = valueRange(picture, fromMs, toMs, "bar") ?? [];
  const tone = toneOf(value, marks.thresholds);
  // What is so now may lie between two points of the span.
  const peak = `peak ${formatValue(high === undefined ? value : Math.max(high, value ?? high), unit)}`;
  return (
    <div class="number">
      <p class={`number-value ${tone === undefined ? "" : `number-${tone.tone}`}`}>
        <span class="number-digits">{prefix + digits}</span>
        {suffix !== "" && <span class={`number-unit ${TIGHT.test(suffix) ? "tight" : ""}`}>{suffix}</span>}
        {tone !== undefined && <span class="number-tone">{tone.label ?? tone.tone}</span>}
      </p>
      <p class="number-note">{groups > 1 ? `${HOW[traits.combine]} ${groups} · ${peak}` : peak}</p>
      <Chart
        kind="spark"
        picture={picture}
        slots={[0]}
        fromMs={fromMs}
        toMs={toMs}
        unit={unit}
        label={`${panel.title}, ${describeRange(props.range)}`}
      />
    </div>
  );
}
