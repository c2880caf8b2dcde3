import { useMemo, useState } from "preact/hooks";
import { PANEL_KINDS, PANEL_UNITS, type Panel, type PanelKind } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { SeenEvent } from "../../protocol/observe.ts";
import type { Catalog } from "../api.ts";
import type { ColorSlots } from "../color-slots.ts";
import { EventPicker } from "./event-picker.tsx";
import { SelectField, TextField } from "./field.tsx";
import {
  AGGREGATES,
  checkedForm,
  definitionOf,
  faultyField,
  fieldsFor,
  formOf,
  groupFields,
  NEW_FORM,
  panelOf,
  type PanelForm,
  withAggregate,
} from "./panel-form.ts";
import { PreviewPanel } from "./preview-panel.tsx";
import { usePreview } from "./preview.ts";
import type { Requests } from "./requests.ts";

interface PanelEditorProps {
  /** The panel that is edited; undefined: a new one. */
  panel: Panel | undefined;
  source: MetricSource | undefined;
  /** What the server said when the metric was saved. */
  fault: string | undefined;
  seen: readonly SeenEvent[] | undefined;
  seenFault: string | undefined;
  metrics: Catalog["metrics"];
  requests: Requests;
  colors: ColorSlots;
  onDone: (panel: Panel, metric: MetricSource | undefined) => void;
  onCancel: () => void;
}

/** Recent events are enough to see what a definition does, and quick to compute. */
const PREVIEW_RANGE = "5m";

/** One panel: its event, what is computed of it, how it is drawn, and at once what comes of that. */
export function PanelEditor(props: PanelEditorProps) {
  const { panel, source, seen, seenFault, metrics, requests, colors } = props;
  const [form, setForm] = useState<PanelForm>(() => (panel === undefined ? NEW_FORM : formOf(panel, source)));
  const [served, setServed] = useState(props.fault);
  const existing = panel !== undefined && source === undefined;
  const event = seen?.find(({ name }) => name === form.event);
  const checked = checkedForm(form);
  const definition = definitionOf(form);
  const preview = usePreview(!existing && checked.ok ? definition : undefined, PREVIEW_RANGE, requests);
  const shown = useMemo(() => panelOf(form), [form]);
  const own = checked.ok ? (served ?? preview.fault) : checked.message;
  const message = existing || form.event === "" ? undefined : own;
  const faulty = message === undefined ? undefined : faultyField(message);
  const faultAt = (field: keyof PanelForm): string | undefined => (faulty === field ? message : undefined);
  const changeForm = (change: (before: PanelForm) => PanelForm): void => {
    setServed(undefined);
    setForm(change);
  };
  const set = (change: Partial<PanelForm>): void => changeForm((before) => ({ ...before, ...change }));
  const ready = existing || (form.event !== "" && checked.ok);
  const done = (event: SubmitEvent): void => {
    event.preventDefault();
    if (ready)
      props.onDone(existing ? { ...shown, metric: panel.metric } : shown, existing ? undefined : definition);
  };
  return (
    <form class="editor" onSubmit={done} aria-label={panel === undefined ? "New panel" : "Panel"}>
      <div class="editor-form">
        {existing ? (
          <p class="field-hint">
            The metric “{panel.metric}” is a view, or not in the catalog: its definition is not edited here.
          </p>
        ) : (
          <>
            <Events {...{ seen, seenFault, form, setForm: changeForm }} fault={faultAt("event")} />
            {form.event !== "" && <Definition {...{ form, setForm: changeForm, set, event, faultAt }} />}
          </>
        )}
        {(existing || form.event !== "") && (
          <Drawing
            {...{ form, set, faultAt, existing }}
            known={metrics}
            definition={definition}
            source={source}
          />
        )}
      </div>
      <div class="editor-preview">
        <section class="panel editor-panel" aria-label="Preview">
          <header class="panel-header">
            <h2 class="panel-title">{form.event === "" && !existing ? "Preview" : shown.title}</h2>
            <span class="freshness">last {PREVIEW_RANGE.replace("m", " min")}</span>
          </header>
          {form.event === "" && !existing ? (
            <p class="panel-note panel-note-text">Choose an event: what comes of it is drawn here at once.</p>
          ) : existing ? (
            <p class="panel-note panel-note-text">This panel is drawn on the dashboard.</p>
          ) : (
            <PreviewPanel
              panel={{ ...shown, range: PREVIEW_RANGE }}
              series={checked.ok ? preview.series : undefined}
              metric={checked.ok ? definition : undefined}
              range={PREVIEW_RANGE}
              colors={colors}
            />
          )}
        </section>
        <p class="editor-state" role="status">
          {message !== undefined && faulty === undefined ? message : ""}
        </p>
        <div class="editor-actions">
          <button type="submit" class="button button-primary" disabled={!ready}>
            {panel === undefined ? "Add panel" : "Keep changes"}
          </button>
          <button type="button" class="button" onClick={props.onCancel}>
            Cancel
          </button>
        </div>
      </div>
    </form>
  );
}

interface EventsProps {
  seen: readonly SeenEvent[] | undefined;
  seenFault: string | undefined;
  form: PanelForm;
  setForm: (change: (before: PanelForm) => PanelForm) => void;
  fault: string | undefined;
}

function Events({ seen, seenFault, form, setForm, fault }: EventsProps) {
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
      const chosen = { ...before, event: event.name, groupBy: [], where: "", field: "" };
      return withAggregate(chosen, before.aggregate, event);
    });
  };
  const isUnseen = !seen.some(({ name }) => name === form.event);
  return (
    <>
      {seen.length > 0 && <EventPicker events={seen} chosen={form.event} onChoose={choose} />}
      {(seen.length === 0 || (isUnseen && form.event !== "")) && (
        <TextField
          label="Event name"
          hint="No events have come lately: name one that will."
          fault={fault}
          value={form.event}
          onChange={(name) => setForm((before) => ({ ...before, event: name }))}
        />
      )}
    </>
  );
}

interface DefinitionProps {
  form: PanelForm;
  setForm: (change: (before: PanelForm) => PanelForm) => void;
  set: (change: Partial<PanelForm>) => void;
  event: SeenEvent | undefined;
  faultAt: (field: keyof PanelForm) => string | undefined;
}

const WINDOWS = [
  { value: "tumbling", label: "One after the other" },
  { value: "sliding", label: "Sliding" },
  { value: "session", label: "Sessions of a user" },
];

function Definition({ form, setForm, set, event, faultAt }: DefinitionProps) {
  const fields = fieldsFor(event, form.aggregate).map(({ name }) => ({ value: name, label: name }));
  const options: { value: string; label: string }[] = AGGREGATES.map(({ fn, label }) => {
    return { value: fn, label };
  });
  const isOffered = options.some(({ value }) => value === form.aggregate);
  const all = isOffered ? options : [...options, { value: form.aggregate, label: form.aggregate }];
  const hasField = fields.length > 0 || form.field !== "" || faultAt("field") !== undefined;
  return (
    <>
      <div class="field-row">
        <SelectField
          label="Show"
          value={form.aggregate}
          fault={faultAt("aggregate")}
          options={all}
          onChange={(fn) => setForm((before) => withAggregate(before, fn, event))}
        />
        {hasField && (
          <SelectField
            label="Of"
            value={form.field}
            fault={faultAt("field")}
            options={
              fields.length > 0 ? fields : [{ value: form.field, label: form.field || "no such field" }]
            }
            onChange={(field) => set({ field })}
          />
        )}
      </div>
      <div class="field-row">
        <SelectField
          label="Windows"
          value={form.windowType}
          fault={faultAt("windowType")}
          options={WINDOWS}
          onChange={(type) => set({ windowType: type as PanelForm["windowType"] })}
        />
        <TextField
          label={form.windowType === "session" ? "End after silence of" : "Of length"}
          value={form.size}
          fault={faultAt("size")}
          onChange={(size) => set({ size })}
        />
        {form.windowType !== "tumbling" && (
          <TextField
            label="Every"
            value={form.every}
            fault={faultAt("every")}
            onChange={(every) => set({ every })}
          />
        )}
      </div>
      <Grouping form={form} set={set} event={event} fault={faultAt("groupBy")} />
      <TextField
        label="Only where"
        code
        value={form.where}
        placeholder="country in ['DE', 'US'] and value > 10"
        fault={faultAt("where")}
        onChange={(where) => set({ where })}
      />
    </>
  );
}

function Grouping({
  form,
  set,
  event,
  fault,
}: Omit<DefinitionProps, "setForm" | "faultAt"> & { fault: string | undefined }) {
  const names = [...new Set([...groupFields(event).map(({ name }) => name), ...form.groupBy])];
  if (names.length === 0) return null;
  const toggle = (name: string): void => {
    const without = form.groupBy.filter((each) => each !== name);
    set({ groupBy: without.length < form.groupBy.length ? without : [...form.groupBy, name] });
  };
  return (
    <fieldset class="groups">
      <legend class="field-label">One series for each</legend>
      <div class="chips">
        {names.map((name) => (
          <label key={name} class="chip">
            <input type="checkbox" checked={form.groupBy.includes(name)} onChange={() => toggle(name)} />
            <span>{name}</span>
          </label>
        ))}
      </div>
      {fault !== undefined && <p class="fault">{fault}</p>}
    </fieldset>
  );
}

interface DrawingProps {
  form: PanelForm;
  set: (change: Partial<PanelForm>) => void;
  faultAt: (field: keyof PanelForm) => string | undefined;
  existing: boolean;
  known: Catalog["metrics"];
  definition: MetricSource;
  source: MetricSource | undefined;
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

function Drawing({ form, set, faultAt, existing, known, definition, source }: DrawingProps) {
  const stored = known.get(definition.name);
  const isOther = stored !== undefined && JSON.stringify(stored) !== JSON.stringify(definition);
  const isSame = source?.name === definition.name;
  const warning = isSame
    ? "The metric is changed for all panels that show it; its windows begin anew."
    : "Another metric has this name and is replaced; its windows begin anew.";
  const kinds = PANEL_KINDS.map((kind) => ({ value: kind, label: KIND_NAMES[kind] }));
  const units = [
    { value: "", label: "Plain number" },
    ...PANEL_UNITS.map((unit) => ({ value: unit, label: unit })),
  ];
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
          value={form.unit}
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
          placeholder={definitionOf({ ...form, metric: "" }).name}
          hint={isOther ? warning : undefined}
          fault={faultAt("metric")}
          onChange={(metric) => set({ metric })}
        />
      )}
    </>
  );
}
