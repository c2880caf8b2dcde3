import { isSameJson } from "../../protocol/changed-fields.ts";
import { PANEL_KINDS, PANEL_UNITS, type PanelKind, type PanelUnit } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { SelectField, TextField } from "./field.tsx";
import { definitionOf, panelOf, type PanelForm } from "./panel-form.ts";
import type { NamedMetrics } from "./panel-names.ts";

const UNIT_NAMES: Record<PanelUnit, string> = {
  short: "Plain number",
  percent: "Percent",
  bytes: "Bytes",
  "bytes/s": "Bytes per second",
  "bits/s": "Bits per second",
  ms: "Milliseconds",
  s: "Seconds",
  per_second: "Per second",
  usd: "US dollars",
  eur: "Euros",
};

interface DrawingProps {
  form: PanelForm;
  set: (change: Partial<PanelForm>) => void;
  faultAt: (field: keyof PanelForm) => string | undefined;
  existing: boolean;
  others: NamedMetrics;
  definition: MetricSource;
  /** What the definition was made of. */
  base: MetricSource | undefined;
}

const KIND_NAMES: Record<PanelKind, string> = {
  line: "Line",
  area: "Stacked areas",
  bars: "Bars",
  number: "Big number",
  toplist: "Top list",
  heatmap: "Heatmap",
  table: "Table",
};

/** How it is drawn, and what metric and panel are called. */
export function Drawing({ form, set, faultAt, existing, others, definition, base }: DrawingProps) {
  const other = others.get(definition.name);
  const isOther = other !== undefined && !isSameJson(other, definition);
  const isSame = base?.name === definition.name;
  const warning = isSame
    ? "The metric is changed for all panels that show it; its windows begin anew."
    : "Another metric has this name and is replaced; its windows begin anew.";
  const kinds = PANEL_KINDS.map((kind) => ({ value: kind, label: KIND_NAMES[kind] }));
  const units = PANEL_UNITS.map((unit) => ({ value: unit, label: UNIT_NAMES[unit] }));
  return (
    <>
      <div class="field-row">
        <SelectField
          label="Drawn as"
          value={form.kind}
          fault={faultAt("kind")}
          options={kinds}
          onChange={(kind) => set({ kind: kind as PanelKind })}
        />
        <SelectField
          label="Unit"
          value={form.unit === "" ? "short" : form.unit}
          fault={faultAt("unit")}
          options={units}
          onChange={(unit) => set({ unit: unit as PanelForm["unit"] })}
        />
      </div>
      <TextField
        label="Title"
        value={form.title}
        placeholder={panelOf({ ...form, title: "" }).title}
        onChange={(title) => set({ title })}
      />
      {!existing && (
        <TextField
          label="Name of the metric"
          code
          value={form.metric}
          placeholder={definitionOf({ ...form, metric: "" }, others).name}
          hint={isOther ? warning : undefined}
          fault={faultAt("metric")}
          onChange={(metric) => set({ metric })}
        />
      )}
    </>
  );
}
