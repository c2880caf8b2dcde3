import type { ComponentType } from "preact";
import type { Dashboard, Panel } from "../protocol/dashboard.ts";
import type { Group } from "../protocol/series.ts";
import type { Catalog } from "./api.ts";
import type { GroupThreshold } from "./panels/group-thresholds.ts";
import type { View } from "./time/view.ts";

// What is not needed to look at a dashboard is loaded when somebody asks for it. To add such a thing, add an entry to one
// of the lists below; each `load` is an `import()` of a file of its own, so that it becomes a chunk of its own.

/** What every page and dialog is given. */
export interface SlotContext {
  readKey: string;
  catalog: Catalog;
  /** The dashboard that the path names; undefined when there is none. */
  dashboard: Dashboard | undefined;
  /** Reads the catalog again, after a change. */
  reload: () => void;
}

export interface PageProps extends SlotContext {
  /** What follows the route in the fragment: of `#/build/ads/3`, `["ads", "3"]`. */
  rest: readonly string[];
}

export interface DialogProps extends SlotContext {
  /** The panel that it was opened from, and its place in the dashboard's list. */
  panel?: Panel;
  index?: number;
  onClose: () => void;
}

/** A page in the dashboard's place, below the header, while the fragment is `#/{route}` or `#/{route}/…`. */
export interface PageSlot {
  route: string;
  title: string;
  /** Whether the header's menu lists it. */
  inMenu?: boolean;
  load: () => Promise<ComponentType<PageProps>>;
}

/** What happens on a press: a page is shown, or a dialog is loaded and opened. */
export type SlotTarget<Where extends unknown[]> =
  | { href: (...where: Where) => string; dialog?: undefined }
  | { dialog: () => Promise<ComponentType<DialogProps>>; href?: undefined };

interface ActionFace {
  name: string;
  label: string;
  /** Path data of a line drawing in 16 × 16 pixels. */
  icon: string;
  /** A key that does the same, `s`; listed in the overlay of keys. Taken are: see `keys.ts`. */
  key?: string;
}

/** A button at the right of the header. `href` is given the dashboard's name. */
export type HeaderAction = ActionFace & SlotTarget<[dashboard: string]>;

/** An entry of each panel's menu. `href` is given the dashboard's name and the panel's place in its list. */
export type PanelAction = ActionFace & SlotTarget<[dashboard: string, index: number]>;

/** Pages, such as `{ route: "events", title: "Events", load: async () => (await import("./build/events-page.tsx")).EventsPage }`. */
export const PAGES: readonly PageSlot[] = [
  {
    route: "alerts",
    title: "Alerts",
    load: async () => (await import("./alerts/alerts-page.tsx")).AlertsPage,
  },
  {
    route: "build",
    title: "New dashboard",
    inMenu: true,
    load: async () => (await import("./build/build-page.tsx")).BuildPage,
  },
  {
    route: "stream",
    title: "Stream",
    inMenu: true,
    load: async () => (await import("./build/stream-page.tsx")).StreamPage,
  },
];

/** In the order in which they stand: Share, Alerts, Edit. */
export const HEADER_ACTIONS: readonly HeaderAction[] = [
  {
    name: "share",
    label: "Share",
    icon: "M8 10V2M5 5l3-3 3 3M3 9v4a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1V9",
    key: "s",
    dialog: async () => (await import("./share/share-dialog.tsx")).ShareDialog,
  },
  {
    name: "alerts",
    label: "Alerts",
    icon: "M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM6.500 14h3",
    key: "a",
    href: () => "#/alerts",
  },
  {
    name: "edit",
    label: "Edit",
    icon: "M3 13l.7-3L10.500 3.200a1.400 1.400 0 0 1 2.300 2.300L6 12.300zM9.500 4.200l2.300 2.300",
    key: "e",
    href: (dashboard) => (dashboard === "" ? "#/build" : `#/build/${encodeURIComponent(dashboard)}`),
  },
];

export const PANEL_ACTIONS: readonly PanelAction[] = [
  {
    name: "edit",
    label: "Edit panel",
    icon: "M3 13l.7-3L10.500 3.200a1.400 1.400 0 0 1 2.300 2.300L6 12.300zM9.500 4.200l2.300 2.300",
    href: (dashboard, index) => `#/build/${encodeURIComponent(dashboard)}/${index}`,
  },
];

/** A mark on the charts' time axes: a moment, or a span when it has an end. */
export interface ChartMark {
  /** Epoch ms. */
  at: number;
  to?: number;
  label: string;
  tone: "note" | "warning" | "alert";
  /** Only on panels of this metric; absent: on all. */
  metric?: string;
  /** Only on panels that may show one of these groups; absent: on all. */
  groups?: readonly Group[];
}

/** A value that matters on panels of one metric. */
export interface MetricThreshold extends GroupThreshold {
  metric: string;
}

export type TellMarks = (marks: readonly ChartMark[], thresholds?: readonly MetricThreshold[]) => void;

/** What the charts show: the range that somebody chose, else the last `ownMs` at most. */
export interface ShownTime {
  view: View;
  ownMs: number;
}

/** Follows the marks of one kind, alerts say, within what is shown, and tells them whenever they change; the result ends it. */
export type MarkSource = (readKey: string, tell: TellMarks, shown: ShownTime) => () => void;

/** Loaded after the dashboard is on the screen. */
export const MARK_SOURCES: readonly { load: () => Promise<MarkSource> }[] = [
  { load: async () => (await import("./alerts/alert-marks.ts")).alertMarks },
];

/** What a page offers: to whoever came with a share link, nothing but the dashboard. */
export function offered<T>(entries: readonly T[], { isShared }: Catalog): readonly T[] {
  return isShared === true ? [] : entries;
}
