import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import type { Annotation } from "../../protocol/panel-marks.ts";
import type { Group } from "../../protocol/series.ts";
import type { ChartMarks } from "../chart/chart-marks.ts";
import { mayShow } from "./group-thresholds.ts";
import { MARK_SOURCES, type ChartMark, type MetricThreshold } from "../slots.ts";
import type { View } from "../time/view.ts";

/** What the sources of `slots.ts` tell. */
export interface ToldMarks {
  marks: readonly ChartMark[];
  thresholds: readonly MetricThreshold[];
}

export const MarksContext = createContext<ToldMarks>({ marks: [], thresholds: [] });

/**
 * Loads the sources of marks, once the page has nothing better to do, and follows them.
 *
 * @param ownMs the longest range that a chart shows while nobody chose one.
 */
export function useMarkSources(readKey: string, view: View, ownMs: number): ToldMarks {
  const [told, setTold] = useState<ReadonlyMap<number, ToldMarks>>(new Map());
  useEffect(() => {
    let current = true;
    const stops: (() => void)[] = [];
    for (const [i, { load }] of MARK_SOURCES.entries()) {
      const follow = async (): Promise<void> => {
        const source = await load();
        if (current)
          stops.push(
            source(
              readKey,
              (marks, thresholds = []) => setTold((before) => new Map(before).set(i, { marks, thresholds })),
              { view, ownMs },
            ),
          );
      };
      // A source that cannot be loaded leaves the charts without its marks, and nothing worse.
      follow().catch(() => undefined);
    }
    return () => {
      current = false;
      for (const stop of stops) stop();
    };
  }, [readKey, view, ownMs]);
  return useMemo(() => {
    const all = [...told.values()];
    return {
      marks: all.flatMap(({ marks }) => marks),
      thresholds: all.flatMap(({ thresholds }) => thresholds),
    };
  }, [told]);
}

/**
 * What is marked on a panel: its thresholds, the dashboard's annotations and what the sources tell.
 *
 * @param groups what the panel is held to; undefined: nothing.
 * @param isGrouped whether its metric has groups: the sources' thresholds are then of each by itself, which only lines show.
 */
export function useMarks(
  panel: Panel,
  annotations: readonly Annotation[] | undefined,
  groups: readonly Group[] | undefined,
  isGrouped: boolean,
): ChartMarks {
  const told = useContext(MarksContext);
  const held = JSON.stringify(groups);
  return useMemo(() => {
    const noted = (annotations ?? []).map((annotation): ChartMark => ({ ...annotation, tone: "note" }));
    const events = [...noted, ...told.marks].filter(
      (mark) => (mark.metric ?? panel.metric) === panel.metric && mayShow(groups, mark.groups),
    );
    const bounds = told.thresholds.filter(
      ({ metric }) => metric === panel.metric && (!isGrouped || panel.kind === "line"),
    );
    return { thresholds: [...(panel.thresholds ?? []), ...bounds], events };
  }, [panel, annotations, told, held, isGrouped]);
}
