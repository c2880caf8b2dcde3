import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { SeenEvent } from "../../protocol/observe.ts";
import { parseDuration } from "../../protocol/time.ts";
import type { Catalog } from "../api.ts";
import type { ColorSlots } from "../chart/color-slots.ts";
import { formatSpan } from "../format.ts";
import { traitsOf } from "../series/traits.ts";
import { Events, StoredMetrics } from "./choose-data.tsx";
import { Definition } from "./definition-fields.tsx";
import { StoredPanel } from "./draft-panel.tsx";
import { Drawing } from "./drawing-fields.tsx";
import {
  checkedForm,
  definitionOf,
  faultyField,
  formOf,
  NEW_FORM,
  panelOf,
  type PanelForm,
} from "./panel-form.ts";
import type { NamedMetrics } from "./panel-names.ts";
import { PreviewPanel } from "./preview-panel.tsx";
import { usePreview } from "./preview.ts";
import { previewRange } from "./preview-range.ts";
import type { Requests } from "./requests.ts";

/** A panel's form as it stands. */
export interface OpenForm {
  form: PanelForm;
  /** The metric or view that is shown as it is, its definition not edited. */
  asItIs: string | undefined;
  /** The definition that the form was made of. */
  base: MetricSource | undefined;
  /** The panel that it was opened with; undefined: a new one. */
  panel: Panel | undefined;
}

interface PanelEditorProps {
  /** The panel that is edited; undefined: a new one. */
  panel: Panel | undefined;
  source: MetricSource | undefined;
  /** The form as it was left before. */
  kept: OpenForm | undefined;
  /** Told of each change. */
  onForm: (form: OpenForm) => void;
  /** What the server said when the metric was saved. */
  fault: string | undefined;
  seen: readonly SeenEvent[] | undefined;
  seenFault: string | undefined;
  metrics: Catalog["metrics"];
  /** What has the names of metrics already. */
  others: NamedMetrics;
  requests: Requests;
  colors: ColorSlots;
  /** `base`: what the metric was made of; undefined: there was none of its name. */
  onDone: (panel: Panel, metric?: MetricSource, base?: MetricSource) => void;
  onCancel: () => void;
}

/** One panel: its event, what is computed of it, how it is drawn, and at once what comes of that. */
export function PanelEditor(props: PanelEditorProps) {
  const { panel, source, seen, seenFault, metrics, others, requests, colors } = props;
  const [first] = useState(() => props.kept ?? opened(panel, source));
  const [open, setOpen] = useState(first);
  const { form, asItIs } = open;
  const [served, setServed] = useState(props.fault);
  useLayoutEffect(() => {
    if (open !== first) props.onForm(open);
  }, [open]);
  const existing = asItIs !== undefined;
  const event = seen?.find(({ name }) => name === form.event);
  const checked = checkedForm(form, others);
  const definition = definitionOf(form, others);
  const previewed = existing ? metrics.get(asItIs) : checked.ok ? definition : undefined;
  const range = previewRange(traitsOf(previewed).stepMs);
  const preview = usePreview(!existing && checked.ok ? definition : undefined, range, requests);
  const isComputing = !existing && form.event !== "" && checked.ok && preview.loading;
  const shown = useMemo(() => panelOf(form, others), [form, others]);
  const own = checked.ok ? (served ?? preview.fault) : checked.message;
  const message = existing || form.event === "" ? undefined : own;
  const faulty = message === undefined ? undefined : faultyField(message);
  const faultAt = (field: keyof PanelForm): string | undefined => (faulty === field ? message : undefined);
  const changeForm = (change: (before: PanelForm) => PanelForm): void => {
    setServed(undefined);
    setOpen((before) => ({ ...before, form: change(before.form) }));
  };
  const set = (change: Partial<PanelForm>): void => changeForm((before) => ({ ...before, ...change }));
  const choose = (name: string): void => {
    const stored = metrics.get(name);
    const source = stored === undefined || "isFraction" in stored ? undefined : stored;
    setServed(undefined);
    setOpen((before) => ({
      ...before,
      asItIs: name !== "" && source === undefined ? name : undefined,
      base: source,
      form: name === "" ? NEW_FORM : formOf({ ...panelOf(before.form), metric: name, title: name }, source),
    }));
  };
  const ready = existing || (form.event !== "" && checked.ok);
  const done = (event: SubmitEvent): void => {
    event.preventDefault();
    if (existing) props.onDone({ ...shown, metric: asItIs });
    else if (ready) {
      const { name } = definition;
      props.onDone(shown, definition, open.base?.name === name ? open.base : metrics.get(name));
    }
  };
  return (
    <form class="editor" onSubmit={done} aria-label={panel === undefined ? "New panel" : "Panel"}>
      <div class="editor-form">
        {existing ? (
          <p class="field-hint">
            The definition of “{asItIs}” is not edited here: it is a view, or not in the catalog.
          </p>
        ) : (
          <Events
            {...{ seen, seenFault, form, setForm: changeForm }}
            isNew={panel === undefined}
            fault={faultAt("event")}
          />
        )}
        {panel === undefined && (
          <StoredMetrics metrics={metrics} chosen={asItIs ?? form.metric} onChoose={choose} />
        )}
        {!existing && form.event !== "" && (
          <Definition
            {...{ form, setForm: changeForm, set, event, faultAt }}
            isUnseen={seen !== undefined && event === undefined}
          />
        )}
        {(existing || form.event !== "") && (
          <Drawing {...{ form, set, faultAt, existing, others, definition }} base={open.base} />
        )}
      </div>
      <div class="editor-preview">
        <section class="panel editor-panel" aria-label="Preview">
          <header class="panel-header">
            <h2 class="panel-title">{form.event === "" && !existing ? "Preview" : shown.title}</h2>
            <span class="freshness">
              {isComputing ? "computing…" : `last ${formatSpan(parseDuration(range) ?? 0)}`}
            </span>
          </header>
          {form.event === "" && !existing ? (
            <p class="panel-note panel-note-text">Choose an event: what comes of it is drawn here at once.</p>
          ) : existing ? (
            <StoredPanel
              panel={{ ...shown, metric: asItIs }}
              metric={metrics.get(asItIs)}
              range={range}
              colors={colors}
            />
          ) : (
            <PreviewPanel
              panel={{ ...shown, range }}
              series={checked.ok ? preview.series : undefined}
              metric={checked.ok ? definition : undefined}
              range={range}
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

/** Of a view, and of what is not in the catalog, the definition is not edited. */
function opened(panel: Panel | undefined, source: MetricSource | undefined): OpenForm {
  const form = panel === undefined ? NEW_FORM : formOf(panel, source);
  return { form, asItIs: source === undefined ? panel?.metric : undefined, base: source, panel };
}
