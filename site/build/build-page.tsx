import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MetricSource } from "../../protocol/metric.ts";
import { parseDuration } from "../../protocol/time.ts";
import { announce } from "../announce.tsx";
import { ColorSlots } from "../chart/color-slots.ts";
import { formatSpan } from "../format.ts";
import { useStore } from "../hooks.ts";
import { DialogFrame } from "../on-demand/dialog.tsx";
import { dashboardPath, fragmentParts, navigate } from "../route.ts";
import type { PageProps } from "../slots.ts";
import { SERIES_COLORS } from "../theme.ts";
import { buildAddress, buildHref, panelAt } from "./build-address.ts";
import { BuildHead } from "./build-head.tsx";
import { closeTo } from "./close-form.ts";
import { type Draft, freeName, named, namedFor, nameFrom } from "./draft.ts";
import { useUndoKeys, useUnsavedGuard } from "./editing-keys.ts";
import { EditGrid } from "./edit-grid.tsx";
import { SelectField, TextField } from "./field.tsx";
import { JsonView } from "./json-view.tsx";
import { KeyAsk, ownKey, takeOwnKey } from "./own-key.tsx";
import { PanelEditor } from "./panel-editor.tsx";
import { Requests } from "./requests.ts";
import { type Conflict, save, withStored } from "./save.ts";
import { SaveNote, type Saving } from "./save-note.tsx";
import { useDraft } from "./use-draft.ts";
import { useSeen } from "./use-seen.ts";
import "../styles/form.css";
import "./build.css";

/** The page at the addresses of `build-address.ts`. */
export function BuildPage(props: PageProps) {
  return <Builder key={buildAddress(props.rest).place} {...props} />;
}

const RANGES = ["5m", "15m", "1h", "6h", "1d", "7d"];

function Builder({ rest, readKey, catalog, reload }: PageProps) {
  const { metrics } = catalog;
  const names = catalog.dashboards.map(({ name }) => name);
  const { place, panel: at } = buildAddress(rest);
  const state = useDraft(place, catalog);
  const { draft, bases, change } = state;
  const { dashboard } = draft;
  const editing = panelAt(at, dashboard.panels.length);
  const [saving, setSaving] = useState<Saving>({ status: "no" });
  /** What the server said to the metric of a panel, by the panel's place in the address. */
  const [refused, setRefused] = useState<{ at: string; message: string }>();
  const [json, setJson] = useState(false);
  const own = useStore(ownKey);
  /** A key that was given, and is not known or does not hold any more: the page's own still shows what it may. */
  const [refusedKey, setRefusedKey] = useState<string>();
  const isUntitled = dashboard.title.trim() === "";
  const key = own === undefined || own === refusedKey ? readKey : own;
  const requests = useMemo(() => new Requests(key), [key]);
  const colors = useMemo(() => new ColorSlots(SERIES_COLORS), []);
  const { seen, fault: seenFault, isRefused } = useSeen(requests);
  useEffect(() => {
    if (isRefused && key === own) setRefusedKey(own);
  }, [isRefused, key, own]);
  const edited = typeof editing === "number" ? dashboard.panels[editing] : undefined;
  const others = useMemo(() => namedFor(edited, draft, metrics), [edited, draft, metrics]);

  useUnsavedGuard(state.isLost);
  useUndoKeys(state.undo, state.redo, editing === undefined && !json);
  useEffect(() => setSaving(noted), [state.history]);
  useFocusBack(editing);

  const left = useRef(false);
  useEffect(() => () => void (left.current = true), []);
  const store = async (with_: Requests, over = bases): Promise<void> => {
    setSaving({ status: "going" });
    const outcome = await save(draft, over, with_);
    setSaving(outcome);
    if (outcome.status === "saved") {
      state.setStored(outcome.stored);
      announce("Saved.");
      reload();
    }
    // Who looks at another page by now is not taken away from it.
    if (left.current) return;
    if (outcome.status === "saved" && place !== outcome.stored.name) moveTo(outcome.stored.name);
    if (outcome.status === "refused" && outcome.metric !== undefined) {
      const index = dashboard.panels.findIndex(({ metric }) => metric === outcome.metric);
      if (index < 0) return;
      setRefused({ at: String(index), message: outcome.message });
      navigate(buildHref(place, index));
    }
  };

  const discard = (): void => {
    state.discard();
    focusHead();
  };

  /** Of two new ones of one name both are kept. */
  const rename = (): void => {
    const name = freeName(dashboard.name, [...names, dashboard.name]);
    change({ ...draft, dashboard: { ...dashboard, name } });
    setSaving({ status: "no" });
    announce(`It is called ${name} now, and not saved yet.`);
    focusHead();
  };

  const takeTheirs = (conflicts: Conflict[]): void => {
    state.takeTheirs(conflicts);
    setSaving({ status: "no" });
    announce("Theirs is taken; undo brings yours back.");
    const theirs = conflicts.find(({ kind }) => kind === "dashboards")?.stored;
    if (theirs !== undefined && place !== theirs.name) moveTo(theirs.name);
    reload();
  };

  if (editing !== undefined && at !== undefined) {
    const index = editing === "new" ? undefined : editing;
    const panel = index === undefined ? undefined : dashboard.panels[index];
    const close = (): void => {
      state.dropForm(at);
      setRefused(undefined);
      closeTo(buildHref(place));
    };
    return (
      <main class="page build" key={at}>
        <div class="page-head">
          <h1 class="page-title" tabIndex={-1} ref={focusOnce}>
            {panel === undefined ? "New panel" : `Panel: ${panel.title}`}
          </h1>
        </div>
        <PanelEditor
          panel={panel}
          source={panel && sourceOf(panel.metric, draft, metrics)}
          kept={state.formAt(at, panel)}
          onForm={(form) => state.keepForm(at, form)}
          fault={refused?.at === at ? refused.message : undefined}
          seen={seen?.events}
          seenFault={seenFault}
          metrics={metrics}
          others={others}
          requests={requests}
          colors={colors}
          onDone={(next, metric, base) => {
            state.take(next, index, metric, base);
            close();
            announce(panel === undefined ? `${next.title} added.` : `${next.title} changed.`);
          }}
          onCancel={close}
        />
      </main>
    );
  }

  return (
    <main class="page build" key="grid">
      <BuildHead
        isNew={bases.dashboard === undefined}
        history={state.history}
        onUndo={state.undo}
        onRedo={state.redo}
        onJson={() => setJson(true)}
        canSave={state.isDirty && saving.status !== "going" && dashboard.panels.length > 0 && !isUntitled}
        isSaving={saving.status === "going"}
        onSave={() => void store(requests)}
      />
      {place !== "" && bases.dashboard === undefined && (
        <p class="build-note">
          There is no dashboard <code>{place}</code>: what is built here is a new one.
        </p>
      )}
      <SaveNote
        saving={saving}
        unsaved={state.changes.length}
        dirty={state.isDirty}
        name={dashboard.name}
        onDiscard={state.isLost ? discard : undefined}
        onOverwrite={(conflicts) => void store(requests, withStored(bases, conflicts))}
        onTakeTheirs={takeTheirs}
        onRename={bases.dashboard === undefined ? rename : undefined}
      />
      <div class="field-row build-fields">
        <TextField
          label="Title"
          value={dashboard.title}
          fault={isUntitled ? "Its tab and its heading need a title." : undefined}
          onChange={(title) => {
            const name = bases.dashboard === undefined ? freeName(nameFrom(title), names) : dashboard.name;
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
        unsaved={state.unsaved}
        metrics={metrics}
        requests={requests}
        colors={colors}
        onChange={change}
        onEdit={(index) => navigate(buildHref(place, index))}
      />
      <button
        type="button"
        class="add-panel"
        autofocus={dashboard.panels.length === 0}
        onClick={() => navigate(buildHref(place, "new"))}
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

/** What was said of the draft before it was changed does not hold any more. */
function noted(saving: Saving): Saving {
  return saving.status === "going" || saving.status === "saved" ? saving : { status: "no" };
}

/** What was new has an address of its own from now on; a panel that is edited by then goes on being edited. */
function moveTo(name: string): void {
  const { panel } = buildAddress(fragmentParts(location.hash).slice(1));
  navigate(`${dashboardPath(name)}${buildHref(name, panel)}`, true);
  focusHead();
}

/** What was pressed is not there any more: the keyboard goes on at the draft's own buttons. */
function focusHead(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".build-head button:enabled")?.focus());
}

/** When an editor is closed the focus goes back to its panel, or to where another one is added. */
function useFocusBack(editing: number | "new" | undefined): void {
  const last = useRef(editing);
  useEffect(() => {
    const before = last.current;
    last.current = editing;
    if (before === undefined || editing !== undefined) return;
    const edited = document.querySelector<HTMLElement>(`[data-edit="${before}"] .edit-tools button`);
    (edited ?? document.querySelector<HTMLElement>(".add-panel"))?.focus();
  }, [editing]);
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
  return named(metrics, name) ?? (drawn === undefined || "isFraction" in drawn ? undefined : drawn);
}
