import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { Panel } from "../protocol/dashboard.ts";
import type { Annotation } from "../protocol/panel-marks.ts";
import type { ChartMarks } from "./chart-marks.ts";
import { MARK_SOURCES, type ChartMark } from "./slots.ts";

/** What the sources of `slots.ts` tell. */
export const MarksContext = createContext<readonly ChartMark[]>([]);

/** Loads the sources of marks, once the page has nothing better to do, and follows them. */
export function useMarkSources(readKey: string): readonly ChartMark[] {
  const [told, setTold] = useState<ReadonlyMap<number, readonly ChartMark[]>>(new Map());
  useEffect(() => {
    let current = true;
    const stops: (() => void)[] = [];
    for (const [i, { load }] of MARK_SOURCES.entries()) {
      const follow = async (): Promise<void> => {
        const source = await load();
        if (current)
          stops.push(source(readKey, (marks) => setTold((before) => new Map(before).set(i, marks))));
      };
      // A source that cannot be loaded leaves the charts without its marks, and nothing worse.
      follow().catch(() => undefined);
    }
    return () => {
      current = false;
      for (const stop of stops) stop();
    };
  }, [readKey]);
  return useMemo(() => [...told.values()].flat(), [told]);
}

/** What is marked on a panel: its thresholds, the dashboard's annotations and what the sources tell. */
export function useMarks(panel: Panel, annotations: readonly Annotation[] | undefined): ChartMarks {
  const told = useContext(MarksContext);
  return useMemo(() => {
    const noted = (annotations ?? []).map((annotation): ChartMark => ({ ...annotation, tone: "note" }));
    const events = [...noted, ...told].filter(
      ({ metric }) => metric === undefined || metric === panel.metric,
    );
    return { thresholds: panel.thresholds ?? [], events };
  }, [panel, annotations, told]);
}
