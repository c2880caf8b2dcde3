import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { announce } from "../announce.tsx";
import type { Catalog } from "../api.ts";
import type { ColorSlots } from "../chart/color-slots.ts";
import { panelSpans, type PanelSpan } from "../page/grid-layout.ts";
import { PathIcon } from "../icons.tsx";
import { type Draft, movePanel, removePanel, resizePanel } from "./draft.ts";
import { DraftPanel } from "./draft-panel.tsx";
import { columnWidth, dropIndex, edgeScroll } from "./grid-drag.ts";
import type { Requests } from "./requests.ts";

interface EditGridProps {
  draft: Draft;
  /** Definitions that the catalog does not have as they are here. */
  unsaved: readonly MetricSource[];
  metrics: Catalog["metrics"];
  requests: Requests;
  colors: ColorSlots;
  /** `tag`: changes in a row of one tag are one step to undo; without, each is. */
  onChange: (draft: Draft, tag?: unknown) => void;
  onEdit: (index: number) => void;
}

const GRIP = "M6 3.500h.01M10 3.500h.01M6 8h.01M10 8h.01M6 12.500h.01M10 12.500h.01";
const PEN = "M3 13l.7-3L10.500 3.200a1.400 1.400 0 0 1 2.300 2.300L6 12.300zM9.500 4.200l2.300 2.300";
const CROSS = "M4 4l8 8M12 4l-8 8";
/** Pixels. */
const SHAKE = 6;
const CORNER = "M13 6v7H6M13 13L8 8";

/** The dashboard's grid with its panels to be moved, sized, edited and removed, by pointer, touch or keyboard. */
export function EditGrid(props: EditGridProps) {
  const { draft } = props;
  const { panels } = draft.dashboard;
  const grid = useRef<HTMLDivElement>(null);
  const spans = useMemo(() => panelSpans(panels), [panels]);
  const [held, setHeld] = useState<number>();
  return (
    <div class="grid edit-grid" ref={grid}>
      {panels.map((panel, index) => (
        <EditCard
          key={index}
          {...props}
          panel={panel}
          index={index}
          grid={grid}
          span={spans[index] ?? { wide: 12, tablet: 6 }}
          held={held === index}
          onHold={setHeld}
        />
      ))}
    </div>
  );
}

interface EditCardProps extends EditGridProps {
  panel: Panel;
  index: number;
  span: PanelSpan;
  grid: { current: HTMLDivElement | null };
  held: boolean;
  onHold: (index: number | undefined) => void;
}

function EditCard(card: EditCardProps) {
  const { draft, unsaved, panel, index, span, held, metrics, requests, colors, onChange, onEdit } = card;
  const own = unsaved.find(({ name }) => name === panel.metric);
  const remove = (): void => {
    onChange(removePanel(draft, index));
    announce(`${panel.title} removed. Undo brings it back.`);
    requestAnimationFrame(() => {
      if (document.activeElement !== document.body) return;
      // It was the last one: its button is gone with it.
      const before = card.grid.current?.querySelector<HTMLElement>(`[data-edit="${index - 1}"] .edit-move`);
      (before ?? document.querySelector<HTMLElement>(".add-panel"))?.focus();
    });
  };
  return (
    <article
      class={`panel edit-card ${held ? "edit-held" : ""}`}
      aria-label={panel.title}
      data-edit={index}
      style={{ "--wide": span.wide, "--tablet": span.tablet, "--height": panel.height }}
    >
      <header class="panel-header">
        <MoveHandle {...card} />
        <h2 class="panel-title">{panel.title}</h2>
        <div class="edit-tools">
          <button
            type="button"
            class="button button-icon"
            aria-label={`Edit ${panel.title}`}
            onClick={() => onEdit(index)}
          >
            <PathIcon d={PEN} />
          </button>
          <button
            type="button"
            class="button button-icon"
            aria-label={`Remove ${panel.title}`}
            onClick={remove}
          >
            <PathIcon d={CROSS} />
          </button>
        </div>
      </header>
      <DraftPanel
        panel={panel}
        own={own}
        metric={own ?? metrics.get(panel.metric)}
        range={draft.dashboard.range}
        requests={requests}
        colors={colors}
      />
      <SizeHandle {...card} />
    </article>
  );
}

/** Arrow keys move the panel in the grid's order; a pointer takes it to where it is let go, unless Escape is pressed. */
function MoveHandle({ draft, panel, index, grid, held, onChange, onHold }: EditCardProps) {
  const begin = useRef({ x: 0, y: 0 });
  /** Undefined until it has moved: a hand that shakes takes nothing along. */
  const pointer = useRef<{ x: number; y: number }>(undefined);
  const move = (to: number, tag?: unknown): void => {
    const next = movePanel(draft, index, to);
    if (next === draft) return;
    onChange(next, tag);
    const { panels } = next.dashboard;
    const at = panels.indexOf(panel);
    announce(`${panel.title}: place ${at + 1} of ${panels.length}`);
    // The button of the new place is another one: the focus goes along, before the next press of a key that is held.
    grid.current?.querySelector<HTMLElement>(`[data-edit="${at}"] .edit-move`)?.focus();
  };
  /** Where it would go now, and shows it. */
  const aim = (): number => {
    const { x, y } = pointer.current ?? {};
    if (grid.current === null || x === undefined || y === undefined) return index;
    const place = dropIndex(grid.current, x, y) ?? index;
    markDrop(grid.current, place === index ? undefined : place);
    return place;
  };
  const letGo = (): void => {
    pointer.current = undefined;
    if (grid.current !== null) markDrop(grid.current, undefined);
    onHold(undefined);
  };
  useHeld(held, letGo, () => {
    const by = edgeScroll(pointer.current?.y ?? Number.NaN, innerHeight);
    if (Number.isNaN(by) || by === 0) return;
    scrollBy({ top: by, behavior: "instant" });
    aim();
  });
  return (
    <button
      type="button"
      class="edit-move"
      aria-label={`Move ${panel.title}, place ${index + 1} of ${draft.dashboard.panels.length}: arrow keys`}
      onKeyDown={(event) => {
        const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        // Of one panel's way by the keyboard each step is the same panel's.
        move(index + step, panel);
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        begin.current = { x: event.clientX, y: event.clientY };
        onHold(index);
      }}
      onPointerMove={(event) => {
        const { clientX: x, clientY: y } = event;
        const far = Math.hypot(x - begin.current.x, y - begin.current.y) >= SHAKE;
        if (!held || (pointer.current === undefined && !far)) return;
        pointer.current = { x, y };
        aim();
      }}
      onPointerUp={() => {
        if (!held) return;
        const place = aim();
        letGo();
        move(place);
      }}
      onPointerCancel={letGo}
    >
      <PathIcon d={GRIP} />
    </button>
  );
}

/** While something is held: `step` for each frame, and Escape lets it go. */
function useHeld(held: boolean, letGo: () => void, step: () => void): void {
  const latest = useRef(step);
  latest.current = step;
  useEffect(() => {
    if (!held) return;
    let frame = 0;
    const next = (): void => {
      latest.current();
      frame = requestAnimationFrame(next);
    };
    frame = requestAnimationFrame(next);
    const press = (event: KeyboardEvent): void => {
      if (event.key === "Escape") letGo();
    };
    addEventListener("keydown", press);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("keydown", press);
    };
  }, [held]);
}

/** Shows where the panel would go. */
function markDrop(grid: HTMLElement, index: number | undefined): void {
  for (const card of grid.querySelectorAll<HTMLElement>("[data-edit]")) {
    card.classList.toggle("edit-drop", card.dataset["edit"] === String(index));
  }
}

/** Arrow keys change columns and rows; a pointer draws the corner. */
function SizeHandle({ draft, panel, index, grid, onChange }: EditCardProps) {
  const { width, height } = panel;
  const begin = useRef<{ x: number; y: number; width: number; height: number }>(undefined);
  const size = (nextWidth: number, nextHeight: number, tag: unknown): void => {
    const next = resizePanel(draft, index, nextWidth, nextHeight);
    if (next === draft) return;
    onChange(next, tag);
    const now = next.dashboard.panels[index] ?? panel;
    announce(`${panel.title}: ${now.width} of 12 columns, ${now.height} rows`);
  };
  return (
    <button
      type="button"
      class="edit-size"
      aria-label={`Size of ${panel.title}, ${width} of 12 columns and ${height} rows: arrow keys`}
      onKeyDown={(event) => {
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
          event.key
        ];
        if (step === undefined) return;
        event.preventDefault();
        size(width + (step[0] ?? 0), height + (step[1] ?? 0), `size ${index}`);
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        begin.current = { x: event.clientX, y: event.clientY, width, height };
      }}
      onPointerMove={(event) => {
        if (begin.current === undefined || grid.current === null) return;
        const { column, row } = columnWidth(grid.current);
        const wide = begin.current.width + (event.clientX - begin.current.x) / column;
        const high = begin.current.height + (event.clientY - begin.current.y) / row;
        size(wide, high, begin.current);
      }}
      onPointerUp={() => {
        begin.current = undefined;
      }}
      onPointerCancel={() => {
        begin.current = undefined;
      }}
    >
      <PathIcon d={CORNER} />
    </button>
  );
}
