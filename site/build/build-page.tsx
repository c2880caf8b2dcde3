import { useEffect, useMemo, useState } from "preact/hooks";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { parseDuration } from "../../protocol/time.ts";
import { announce } from "../announce.tsx";
import { ColorSlots } from "../color-slots.ts";
import { formatSpan } from "../format.ts";
import { useStore } from "../hooks.ts";
import { PathIcon } from "../icons.tsx";
import { DialogFrame } from "../on-demand/dialog.tsx";
import { dashboardPath, navigate } from "../route.ts";
import type { PageProps } from "../slots.ts";
import { SERIES_COLORS } from "../theme.ts";
import { type Draft, freeName, nameFrom, newDraft, putPanel } from "./draft.ts";
import { useUndoKeys, useUnsavedGuard } from "./editing-keys.ts";
import { EditGrid } from "./edit-grid.tsx";
import { SelectField, TextField } from "./field.tsx";
import { changed, type History, historyOf, redone, undone } from "./history.ts";
import { JsonView } from "./json-view.tsx";
import { KeyAsk, ownKey, takeOwnKey } from "./own-key.tsx";
import { PanelEditor } from "./panel-editor.tsx";
import { Requests } from "./requests.ts";
import { isStored, save } from "./save.ts";
import { SaveNote, type Saving } from "./save-note.tsx";
import { useSeen } from "./use-seen.ts";
import "./build.css";

/** `#/build`: a new dashboard. `#/build/{name}`: that one. `#/build/{name}/{index}`: one panel of it. */
export function BuildPage(props: PageProps) {
  return <Builder key={props.rest[0] ?? ""} {...props} />;
}

/** The panel that is edited; without an index a new one. `fault`: what the server said to its metric. */
interface Editing {
  index?: number;
  fault?: string;
}

const UNDO = "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M3 6.500L6 3.500M3 6.500l3 3";
const REDO = "M13 6.500H6.500a3.500 3.500 0 0 0 0 7H10M13 6.500l-3-3M13 6.500l-3 3";
const RANGES = ["5m", "15m", "1h", "6h", "1d", "7d"];

/** Drafts that are not saved, by the dashboard in the address: who looks at another page meanwhile finds them again. */
const KEPT = new Map<string, { history: History<Draft>; saved: string; base: Dashboard | undefined }>();

function Builder({ rest, readKey, catalog, reload }: PageProps) {
  const { dashboards, metrics } = catalog;
  const existing = dashboards.find(({ name }) => name === rest[0]);
  const names = dashboards.map(({ name }) => name);
  const place = rest[0] ?? "";
  const kept = KEPT.get(place);
  const [history, setHistory] = useState<History<Draft>>(
    () =>
      kept?.history ??
      historyOf(existing === undefined ? newDraft(names) : { dashboard: existing, metrics: {} }),
  );
  const [editing, setEditing] = useState<Editing | undefined>(() =>
    editingAt(rest[1], existing?.panels.length),
  );
  const [saved, setSaved] = useState(
    () => kept?.saved ?? (existing === undefined ? "" : JSON.stringify(existing)),
  );
  const [base, setBase] = useState(kept === undefined ? existing : kept.base);
  const [saving, setSaving] = useState<Saving>({ status: "no" });
  const [json, setJson] = useState(false);
  const key = useStore(ownKey) ?? readKey;
  const requests = useMemo(() => new Requests(key), [key]);
  const colors = useMemo(() => new ColorSlots(SERIES_COLORS), []);
  const { seen, fault: seenFault } = useSeen(requests);

  const draft = history.present;
  const { dashboard } = draft;
  const unsaved = Object.values(draft.metrics).filter((metric) => !isStored(metric, metrics));
  const dirty = JSON.stringify(dashboard) !== saved || unsaved.length > 0;
  useUnsavedGuard(dirty && dashboard.panels.length > 0);
  useEffect(() => {
    if (dirty) KEPT.set(place, { history, saved, base });
    else KEPT.delete(place);
  }, [history, saved, base, dirty]);
  const change = (next: Draft, tag?: string): void => {
    setHistory((before) => changed(before, next, tag));
    setSaving({ status: "no" });
  };
  const undo = (): void => {
    setHistory(undone);
    announce("Undone.");
  };
  const redo = (): void => {
    setHistory(redone);
    announce("Redone.");
  };
  useUndoKeys(undo, redo, editing === undefined && !json);

  /** What was new has an address of its own from now on; the steps to undo go along. */
  const moveTo = (stored: Dashboard): void => {
    KEPT.set(stored.name, { history, saved: JSON.stringify(dashboard), base: stored });
    KEPT.delete("");
    const name = encodeURIComponent(stored.name);
    navigate(`${dashboardPath(stored.name)}#/build/${name}`, true);
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".build-head button")?.focus());
  };

  const store = async (with_: Requests, over = base): Promise<void> => {
    setSaving({ status: "going" });
    const outcome = await save(draft, over, metrics, with_);
    setSaving(outcome);
    if (outcome.status === "saved") {
      setBase(outcome.stored);
      if (place === "") moveTo(outcome.stored);
      setSaved(JSON.stringify(dashboard));
      announce("Saved.");
      reload();
    }
    if (outcome.status === "refused" && outcome.metric !== undefined) {
      const index = dashboard.panels.findIndex(({ metric }) => metric === outcome.metric);
      if (index >= 0) setEditing({ index, fault: outcome.message });
    }
  };

  /** The focus goes back to the panel that was edited, or to where another one is added. */
  const close = (): void => {
    const index = editing?.index ?? dashboard.panels.length;
    setEditing(undefined);
    requestAnimationFrame(() => {
      const edited = document.querySelector<HTMLElement>(`[data-edit="${index}"] .edit-tools button`);
      (edited ?? document.querySelector<HTMLElement>(".add-panel"))?.focus();
    });
  };

  if (editing !== undefined) {
    const panel = editing.index === undefined ? undefined : dashboard.panels[editing.index];
    return (
      <main class="page build">
        <div class="page-head">
          <h1 class="page-title" tabIndex={-1} ref={focusOnce}>
            {panel === undefined ? "New panel" : `Panel: ${panel.title}`}
          </h1>
        </div>
        <PanelEditor
          panel={panel}
          source={panel && sourceOf(panel.metric, draft, metrics)}
          fault={editing.fault}
          seen={seen?.events}
          seenFault={seenFault}
          metrics={metrics}
          requests={requests}
          colors={colors}
          onDone={(next, metric) => {
            change(putPanel(draft, next, editing.index, metric));
            close();
            announce(panel === undefined ? `${next.title} added.` : `${next.title} changed.`);
          }}
          onCancel={close}
        />
      </main>
    );
  }

  return (
    <main class="page build">
      <div class="page-head build-head">
        <h1 class="page-title">{base === undefined ? "New dashboard" : "Edit dashboard"}</h1>
        <div class="build-tools">
          <button
            type="button"
            class="button button-icon"
            aria-label="Undo"
            title="Undo (Ctrl Z)"
            disabled={history.past.length === 0}
            onClick={undo}
          >
            <PathIcon d={UNDO} />
          </button>
          <button
            type="button"
            class="button button-icon"
            aria-label="Redo"
            title="Redo (Ctrl Shift Z)"
            disabled={history.future.length === 0}
            onClick={redo}
          >
            <PathIcon d={REDO} />
          </button>
          <button type="button" class="button" onClick={() => setJson(true)}>
            JSON
          </button>
          <button
            type="button"
            class="button button-primary"
            disabled={!dirty || saving.status === "going" || dashboard.panels.length === 0}
            onClick={() => void store(requests)}
          >
            {saving.status === "going" ? "Saving…" : "Save"}
          </button>
        </div>
      </div>
      <SaveNote
        saving={saving}
        unsaved={unsaved.length}
        dirty={dirty}
        name={dashboard.name}
        onOverwrite={(stored) => void store(requests, stored)}
      />
      <div class="field-row build-fields">
        <TextField
          label="Title"
          value={dashboard.title}
          onChange={(title) => {
            const name = base === undefined ? freeName(nameFrom(title), names) : dashboard.name;
            change({ ...draft, dashboard: { ...dashboard, title, name } }, "title");
          }}
        />
        <SelectField
          label="Range"
          value={dashboard.range}
          options={[...new Set([...RANGES, dashboard.range])].map((range) => ({
            value: range,
            label: `Last ${formatSpan(parseDuration(range) ?? 0)}`,
          }))}
          onChange={(range) => change({ ...draft, dashboard: { ...dashboard, range } })}
        />
      </div>
      <EditGrid
        draft={draft}
        unsaved={unsaved}
        metrics={metrics}
        requests={requests}
        colors={colors}
        onChange={change}
        onEdit={(index) => setEditing({ index })}
      />
      <button
        type="button"
        class="add-panel"
        autofocus={dashboard.panels.length === 0}
        onClick={() => setEditing({})}
      >
        Add panel
      </button>
      {json && <JsonView draft={draft} onClose={() => setJson(false)} />}
      {saving.status === "key" && (
        <DialogFrame title="Saving needs an admin key" onClose={() => setSaving({ status: "no" })}>
          <KeyAsk
            why="Building and previewing work without one. Whoever runs this server has it."
            refusal={ownKey.value === undefined ? undefined : `That key does not do: ${saving.message}`}
            action="Save"
            onKey={(given) => {
              takeOwnKey(given);
              void store(new Requests(given));
            }}
          />
        </DialogFrame>
      )}
    </main>
  );
}

/** A page that takes another one's place begins at its heading. */
function focusOnce(heading: HTMLElement | null): void {
  heading?.focus();
}

/** Definitions of metrics can be edited; of views and of what is not in the catalog, none is known here. */
function sourceOf(
  name: string,
  { metrics }: Draft,
  stored: PageProps["catalog"]["metrics"],
): MetricSource | undefined {
  const drawn = stored.get(name);
  return metrics[name] ?? (drawn === undefined || "isFraction" in drawn ? undefined : drawn);
}

function editingAt(text: string | undefined, panels = 0): Editing | undefined {
  const index = Number(text ?? Number.NaN);
  return Number.isInteger(index) && index >= 0 && index < panels ? { index } : undefined;
}
