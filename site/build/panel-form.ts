import type { Panel, PanelKind, PanelUnit } from "../../protocol/dashboard.ts";
import { type MetricSource, parseMetric, SESSION_FIELDS } from "../../protocol/metric.ts";
import type { SeenEvent, SeenField } from "../../protocol/observe.ts";
import type { Result } from "../../protocol/result.ts";
import type { WindowSource } from "../../protocol/window-spec.ts";
import { AGGREGATES, takes } from "./offered-aggregates.ts";
import { freeMetricName, type NamedMetrics, suggestedName, suggestedTitle } from "./panel-names.ts";

/** What shows an aggregate best that lines do not. */
const SUGGESTED_KIND: Record<string, PanelKind> = { topk: "toplist", histogram: "heatmap" };

/** What the editor's fields hold; what a metric has beside is kept as it was. */
export interface PanelForm {
  event: string;
  aggregate: string;
  /** What the aggregate is taken of; "" where it takes nothing. */
  field: string;
  windowType: WindowSource["type"];
  size: string;
  every: string;
  groupBy: readonly string[];
  where: string;
  /** "": the suggested one. */
  metric: string;
  title: string;
  kind: PanelKind;
  unit: PanelUnit | "";
  top: string;
  rest: Partial<MetricSource>;
  /** Of the panel: what the form does not show. */
  panelRest: Partial<Panel>;
}

export const NEW_FORM: PanelForm = {
  event: "",
  aggregate: "count",
  field: "",
  windowType: "tumbling",
  size: "10s",
  every: "1s",
  groupBy: [],
  where: "",
  metric: "",
  title: "",
  kind: "line",
  unit: "",
  top: "",
  rest: {},
  panelRest: { width: 6, height: 3 },
};

const NUMBER_AS_TEXT = /^\s*[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)\s*$/;

/** The form of a panel that there is. */
export function formOf(panel: Panel, source: MetricSource | undefined): PanelForm {
  const { title, kind, metric, unit, top, ...panelRest } = panel;
  const drawn: Pick<PanelForm, "title" | "kind" | "metric" | "unit" | "top"> = {
    title,
    kind,
    metric,
    unit: unit ?? "",
    top: top === undefined ? "" : String(top),
  };
  const shown = { ...drawn, panelRest };
  if (source === undefined) return { ...NEW_FORM, ...shown };
  const { name: _name, event, aggregate, window, groupBy = [], where = "", ...rest } = source;
  const [, fn = "count", inside = ""] = /^([a-z][a-z0-9.]*)(?:\((.*)\))?$/.exec(aggregate.trim()) ?? [];
  const isKnown = AGGREGATES.some((offered) => offered.fn === fn) && !/^topk\((?!10,)/.test(aggregate);
  return {
    ...shown,
    event,
    // One that is not offered is kept as it is written.
    aggregate: isKnown ? fn : aggregate,
    field: isKnown ? inside.replace(/^10,\s*/, "").trim() : "",
    windowType: window.type,
    size: window.size ?? window.gap ?? "10s",
    every: window.every ?? (window.type === "session" ? "1m" : "1s"),
    groupBy,
    where,
    rest,
  };
}

const NO_OTHERS: NamedMetrics = new Map();

/** The definition that a form means, whether it is right or not. The name that it suggests is none of another one's. */
export function definitionOf(form: PanelForm, others = NO_OTHERS): MetricSource {
  const { event, groupBy, where, rest } = form;
  const definition = {
    name: form.metric,
    event,
    aggregate: aggregateOf(form),
    window: windowOf(form),
    ...(where.trim() === "" ? {} : { where }),
    ...(groupBy.length === 0 ? {} : { groupBy: [...groupBy] }),
    ...rest,
  };
  return form.metric === ""
    ? { ...definition, name: freeMetricName(suggestedName(form), definition, others) }
    : definition;
}

/** The panel that a form means. */
export function panelOf(form: PanelForm, others = NO_OTHERS): Panel {
  const { kind, unit, top, panelRest } = form;
  return {
    title: form.title.trim() === "" ? suggestedTitle(form) : form.title,
    kind,
    metric: definitionOf(form, others).name,
    ...(unit === "" ? {} : { unit }),
    ...(top === "" ? {} : { top: Number(top) }),
    width: 6,
    height: 3,
    ...panelRest,
  };
}

/** Checks a form as the server will. */
export function checkedForm(form: PanelForm, others = NO_OTHERS): Result<MetricSource> {
  const definition = definitionOf(form, others);
  const parsed = parseMetric(definition.name, definition);
  return parsed.ok ? { ok: true, value: definition } : parsed;
}

/** What an aggregate can be taken of: of a session its own two, of an event its fields that fit, its own first. */
export function fieldsFor({ aggregate, windowType }: PanelForm, event: SeenEvent | undefined): string[] {
  const wanted = takes(aggregate);
  if (wanted === "nothing") return [];
  if (windowType === "session") return [...SESSION_FIELDS];
  const fit = (event?.fields ?? []).filter(({ types }) => wanted === "any" || (types.number ?? 0) > 0);
  return fit.toSorted((a, b) => Number(a.isProp) - Number(b.isProp)).map(({ name }) => name);
}

/** Why there is nothing that numbers could be taken of, in an event that was seen; undefined: another reason. */
export function withoutNumbers({ aggregate }: PanelForm, event: SeenEvent | undefined): string | undefined {
  if (event === undefined || takes(aggregate) !== "number") return undefined;
  for (const { name, examples = [] } of event.fields) {
    const text = examples.find((value) => typeof value === "string" && NUMBER_AS_TEXT.test(value));
    if (text !== undefined && name !== "id" && name !== "user") {
      return `${name} comes as text, such as '${text}', and no field as a number: send it without quotes`;
    }
  }
  return `no field of ${event.name} is a number`;
}

/** The fields that values can be grouped by: text, truth and numbers of few values; the user. */
export function groupFields(event: SeenEvent | undefined): SeenField[] {
  return (event?.fields ?? []).filter(({ name, isProp, types, more }) => {
    if (!isProp) return name === "user";
    return (types.string ?? 0) + (types.boolean ?? 0) > 0 || !more;
  });
}

/** A change of event, aggregate or kind of window, with a field that fits. */
export function withFittingField(
  form: PanelForm,
  change: Partial<Pick<PanelForm, "event" | "aggregate" | "windowType">>,
  event: SeenEvent | undefined,
): PanelForm {
  const next = { ...form, ...change };
  const fields = fieldsFor(next, event);
  // Of an event that nobody has seen, what was typed stays.
  const isKept = fields.includes(form.field) || (event === undefined && takes(next.aggregate) !== "nothing");
  const field = isKept ? form.field : (fields[0] ?? "");
  return { ...next, field, kind: fittingKind(form, next.aggregate) };
}

/** The kind that is suggested for the aggregate; one that was only suggested for the last goes with it. */
function fittingKind({ kind, aggregate }: PanelForm, next: string): PanelKind {
  if (next === aggregate) return kind;
  return SUGGESTED_KIND[next] ?? (kind === SUGGESTED_KIND[aggregate] ? NEW_FORM.kind : kind);
}

/** Which of the form's fields an error of the server's or a parser's is about. */
export function faultyField(message: string): keyof PanelForm | undefined {
  const [, path = ""] = /^(?:panels\[\d+\]\.)?([a-zA-Z]+(?:\.[a-zA-Z]+)?)/.exec(message) ?? [];
  const fields: Record<string, keyof PanelForm> = {
    event: "event",
    where: "where",
    aggregate: "aggregate",
    window: "windowType",
    "window.type": "windowType",
    "window.size": "size",
    "window.gap": "size",
    "window.every": "every",
    groupBy: "groupBy",
    name: "metric",
    metric: "metric",
    title: "title",
    kind: "kind",
    unit: "unit",
    top: "top",
  };
  if (/^aggregate('s field| [a-z]+ needs a field)/.test(message)) return "field";
  return fields[path] ?? fields[path.split(".", 1)[0] ?? ""];
}

function aggregateOf({ aggregate, field }: PanelForm): string {
  if (takes(aggregate) === "nothing") return aggregate;
  return aggregate === "topk" ? `topk(10, ${field})` : `${aggregate}(${field})`;
}

function windowOf({ windowType: type, size, every }: PanelForm): WindowSource {
  if (type === "sliding") return { type, size, every };
  return type === "session" ? { type, gap: size, every } : { type, size };
}
