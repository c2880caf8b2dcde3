import { useRef, useState } from "preact/hooks";
import type { Dashboard, Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { isViewSource } from "../../protocol/view.ts";
import { announce } from "../announce.tsx";
import type { Catalog } from "../api.ts";
import { afterSaving } from "./after-saving.ts";
import { type Draft, named, newDraft, putPanel } from "./draft.ts";
import { changed, type History, historyOf, redone, undone } from "./history.ts";
import type { KeptDraft } from "./draft-shelf.ts";
import { keptDraft, moveDraft, useKeptDraft } from "./kept-drafts.ts";
import type { OpenForm } from "./panel-editor.tsx";
import { type Bases, changedMetrics, type Conflict, withStored, withTheirs } from "./save.ts";

/** A draft with its history, what it was made of, and the forms that are open in it. */
export function useDraft(place: string, { dashboards, metrics }: Catalog) {
  const [begun] = useState(() => keptDraft(place) ?? beginning(place, dashboards));
  const [history, setHistory] = useState<History<Draft>>(begun.history);
  const [saved, setSaved] = useState(begun.saved);
  const [bases, setBases] = useState<Bases>(begun.bases);
  const [forms, setForms] = useState(begun.forms);
  const draft = history.present;
  const { dashboard } = draft;
  const changes = changedMetrics(draft, bases);
  const isDirty = JSON.stringify(dashboard) !== saved || changes.length > 0;
  const hasForms = Object.keys(forms).length > 0;
  useKeptDraft(place, { history, saved, bases, forms }, isDirty || hasForms);

  /** For what comes back later: meanwhile somebody may have gone on. */
  const latest = useRef({ history, bases, forms });
  latest.current = { history, bases, forms };
  const change = (next: Draft, tag?: unknown): void => setHistory((before) => changed(before, next, tag));
  return {
    history,
    draft,
    bases,
    isDirty,
    /** Definitions that are not saved. */
    changes,
    /** Definitions that the catalog does not have, or not so. */
    unsaved: Object.values(draft.metrics).filter((each) => changes.includes(each) || !metrics.has(each.name)),
    isLost: hasForms || (isDirty && dashboard.panels.length > 0),
    change,
    undo: (): void => {
      setHistory(undone);
      announce("Undone.");
    },
    redo: (): void => {
      setHistory(redone);
      announce("Redone.");
    },
    /** Goes back to what was saved last, or to nothing, which undoing takes back; forms are closed for good. */
    discard: (): void => {
      const metrics = Object.keys(draft.metrics).flatMap((name) => {
        const base = named(bases.metrics, name);
        return base === undefined || isViewSource(base) ? [] : [[name, base as MetricSource] as const];
      });
      const blank = { ...dashboard, ...newDraft([]).dashboard, name: dashboard.name };
      const before = saved === "" ? blank : (JSON.parse(saved) as Dashboard);
      change({ dashboard: before, metrics: Object.fromEntries(metrics) });
      setForms({});
      announce("Discarded. Undo brings it back.");
    },
    /** The form that was left at a panel's place, if that is still the panel it was opened with. */
    formAt: (at: string, panel: Panel | undefined): OpenForm | undefined => {
      const form = forms[at];
      return JSON.stringify(form?.panel) === JSON.stringify(panel) ? form : undefined;
    },
    keepForm: (at: string, form: OpenForm): void => setForms((before) => ({ ...before, [at]: form })),
    dropForm: (at: string): void =>
      setForms((before) => Object.fromEntries(Object.entries(before).filter(([place]) => place !== at))),
    /** Takes a form into the draft. `base`: what its metric was made of. */
    take: (panel: Panel, index: number | undefined, metric?: MetricSource, base?: MetricSource): void => {
      if (metric !== undefined && named(draft.metrics, metric.name) === undefined) {
        setBases((before) => ({ ...before, metrics: { ...before.metrics, [metric.name]: base } }));
      }
      change(putPanel(draft, panel, index, metric));
    },
    /** The draft, as it was when saving began, is in the catalog: `stored` is its dashboard there. */
    setStored: (stored: Dashboard): void => {
      const now = latest.current;
      const next: KeptDraft = {
        history: afterSaving(now.history, draft, bases, stored),
        saved: JSON.stringify(dashboard),
        bases: { dashboard: stored, metrics: { ...now.bases.metrics, ...draft.metrics } },
        forms: now.forms,
      };
      moveDraft(place, stored.name, next);
      setHistory(next.history);
      setBases(next.bases);
      setSaved(next.saved);
    },
    /** Takes what others have made in place of one's own, which undoing brings back. */
    takeTheirs: (conflicts: readonly Conflict[]): void => {
      const next = withTheirs(draft, conflicts);
      const taken = changed(history, next);
      const nextBases = withStored(bases, conflicts);
      const text = next.dashboard === dashboard ? saved : JSON.stringify(next.dashboard);
      const theirs = nextBases.dashboard;
      if (theirs !== undefined && place !== theirs.name) {
        moveDraft(place, theirs.name, { history: taken, saved: text, bases: nextBases, forms });
      }
      setHistory(taken);
      setBases(nextBases);
      setSaved(text);
    },
  };
}

function beginning(place: string, dashboards: readonly Dashboard[]): KeptDraft {
  const existing = dashboards.find(({ name }) => name === place);
  const names = dashboards.map(({ name }) => name);
  return {
    history: historyOf<Draft>(
      existing === undefined ? newDraft(names) : { dashboard: existing, metrics: {} },
    ),
    saved: existing === undefined ? "" : JSON.stringify(existing),
    bases: { dashboard: existing, metrics: {} },
    forms: {},
  };
}
