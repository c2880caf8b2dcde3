import type { SeenEvent } from "../../protocol/observe.ts";
import type { Catalog } from "../api.ts";
import { EventPicker } from "./event-picker.tsx";
import { SelectField, TextField } from "./field.tsx";
import { type PanelForm, withFittingField } from "./panel-form.ts";

interface StoredMetricsProps {
  metrics: Catalog["metrics"];
  chosen: string;
  onChoose: (name: string) => void;
}

/** Metrics and views that are there can be shown by any number of panels. */
export function StoredMetrics({ metrics, chosen, onChoose }: StoredMetricsProps) {
  const names = [...metrics.keys()].sort();
  if (names.length === 0) return null;
  const options = [{ value: "", label: "a new one" }, ...names.map((name) => ({ value: name, label: name }))];
  return (
    <SelectField
      label="Metric"
      value={metrics.has(chosen) ? chosen : ""}
      options={options}
      onChange={onChoose}
    />
  );
}

interface EventsProps {
  isNew: boolean;
  seen: readonly SeenEvent[] | undefined;
  seenFault: string | undefined;
  form: PanelForm;
  setForm: (change: (before: PanelForm) => PanelForm) => void;
  fault: string | undefined;
}

export function Events({ isNew, seen, seenFault, form, setForm, fault }: EventsProps) {
  if (seenFault !== undefined) {
    return (
      <p class="fault" role="alert">
        {seenFault}
      </p>
    );
  }
  if (seen === undefined) return <p class="field-hint">Looking at the newest events…</p>;
  const choose = (event: SeenEvent): void => {
    setForm((before) => {
      const own = isNew ? { metric: "", title: "", rest: {} } : {};
      const chosen = { ...before, ...own, event: event.name, groupBy: [], where: "", field: "" };
      return withFittingField(chosen, {}, event);
    });
  };
  if (seen.length === 0) {
    return (
      <TextField
        label="Event name"
        hint="No events have come lately: name one that will."
        fault={fault}
        value={form.event}
        onChange={(name) => setForm((before) => ({ ...before, event: name }))}
      />
    );
  }
  return <EventPicker events={seen} chosen={form.event} fault={fault} onChoose={choose} />;
}
