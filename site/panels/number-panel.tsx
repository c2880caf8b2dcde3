import { Chart } from "../chart/chart.tsx";
import { formatValue, quantity } from "../format.ts";
import { useFrozen } from "../hooks.ts";
import { combinedColumn, pictureOf, valueRange } from "../chart/picture.ts";
import { combined } from "../series/reading.ts";
import { describeRange } from "../time/time-range.ts";
import { toneOf } from "./threshold-tone.ts";
import { drawnSpan, readingsNow, scales, type PanelProps } from "./panel-props.ts";

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
  const { panel, series, traits, unit, paused, marks } = props;
  const { picture, value, groups } = useFrozen(paused, series, () => {
    const found = readingsNow(props);
    return {
      picture: pictureOf(series.buffer, [combinedColumn(series.buffer, traits)], traits),
      value: combined(
        found.map((reading) => reading.value),
        traits.combine,
      ),
      groups: found.length,
    };
  });
  const { fromMs, toMs } = drawnSpan(props);
  const { prefix = "", digits, unit: suffix } = quantity(value, unit);
  const [, high] = valueRange(picture, fromMs, toMs, "bar") ?? [];
  const tone = toneOf(value, marks.thresholds);
  const scale = scales(props);
  // What is so now may lie between two points of the span.
  const most = scale.now === "" && value !== undefined ? Math.max(high ?? value, value) : high;
  const what = groups > 1 ? `${HOW[traits.combine]} ${groups}` : "";
  const notes = [`${what}${scale.now}`.trim(), `peak ${formatValue(most, unit)}${scale.drawn}`];
  return (
    <div class="number">
      <p class={`number-value ${tone === undefined ? "" : `number-${tone.tone}`}`}>
        <span class="number-digits">{prefix + digits}</span>
        {suffix !== "" && <span class={`number-unit ${TIGHT.test(suffix) ? "tight" : ""}`}>{suffix}</span>}
        {tone !== undefined && <span class="number-tone">{tone.label ?? tone.tone}</span>}
      </p>
      <p class="number-note">{notes.filter((note) => note !== "").join(" · ")}</p>
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
