import { useEffect, useMemo, useState } from "preact/hooks";
import { loadCatalog, loadPublicKey, RequestError, type Catalog } from "./api.ts";
import { DashboardPage } from "./dashboard-page.tsx";
import { FragmentPage } from "./fragment-page.tsx";
import { Header, PlainHeader } from "./header.tsx";
import { useStore } from "./hooks.ts";
import { KeyPrompt } from "./key-prompt.tsx";
import { openLive, LiveContext, type Live } from "./live.ts";
import { EmptyNotice, FailureNotice, LoadingPage, UnknownDashboardNotice } from "./notices.tsx";
import { keepKey, takeKey, type KeyPlaces } from "./read-key.ts";
import { dashboardInPath, fragment, fragmentParts, path } from "./route.ts";
import { PAGES, type SlotContext } from "./slots.ts";
import { View } from "./view.ts";

/** How far the page has come. */
type Progress =
  | { phase: "loading" }
  | { phase: "key"; refusal?: string }
  | { phase: "failed"; message: string }
  | { phase: "ready"; key: string; catalog: Catalog };

const places: KeyPlaces = { location, history, storage: () => sessionStorage };
const givenKey = takeKey(places);
const RETRY_MS = 4_000;
/** Dashboards may be defined while the page waits for the first, and changed while it shows one. */
const REFRESH_EMPTY_MS = 3_000;
const REFRESH_MS = 60_000;

/** The whole page. */
export function App() {
  const view = useMemo(() => new View(() => Date.now()), []);
  const [key, setKey] = useState(givenKey);
  const [progress, setProgress] = useState<Progress>({ phase: "loading" });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    let current = true;
    const show = async (): Promise<void> => {
      const next = await load(key, view);
      if (current) setProgress((before) => kept(before, next));
    };
    void show();
    return () => {
      current = false;
    };
  }, [key, attempt]);
  useEffect(() => {
    const waitMs = refreshMs(progress);
    if (waitMs === undefined) return;
    const timer = setTimeout(() => setAttempt((count) => count + 1), waitMs);
    return () => clearTimeout(timer);
  }, [progress, attempt]);

  switch (progress.phase) {
    case "loading":
      return <LoadingPage />;
    case "failed":
      return <FailureNotice message={progress.message} onRetry={() => setAttempt((count) => count + 1)} />;
    case "key":
      return (
        <KeyPrompt
          refusal={progress.refusal}
          onKey={(given) => {
            keepKey(places, given);
            setKey(given);
            setAttempt((count) => count + 1);
          }}
        />
      );
    case "ready":
      return (
        <Dashboards
          key={progress.key}
          readKey={progress.key}
          catalog={progress.catalog}
          view={view}
          reload={() => setAttempt((count) => count + 1)}
        />
      );
  }
}

interface DashboardsProps {
  readKey: string;
  catalog: Catalog;
  view: View;
  reload: () => void;
}

function Dashboards({ readKey, catalog, view, reload }: DashboardsProps) {
  const [live, setLive] = useState<Live>();
  const [route, ...rest] = fragmentParts(useStore(fragment));
  const wanted = dashboardInPath(useStore(path));
  useEffect(() => {
    const opened = openLive(readKey, view);
    setLive(opened);
    return () => opened.close();
  }, [readKey, view]);

  const { dashboards, metrics } = catalog;
  const dashboard = wanted === undefined ? dashboards[0] : dashboards.find(({ name }) => name === wanted);
  if (live === undefined) return <LoadingPage />;
  const context: SlotContext = { readKey, catalog, dashboard, reload };
  const slot = PAGES.find((page) => page.route === route);
  return (
    <LiveContext.Provider value={live}>
      {dashboards.length === 0 ? (
        <PlainHeader />
      ) : (
        <Header dashboards={dashboards} current={dashboard?.name ?? ""} context={context} />
      )}
      {slot !== undefined ? (
        <FragmentPage key={slot.route} slot={slot} rest={rest} {...context} />
      ) : dashboard !== undefined ? (
        <DashboardPage key={dashboard.name} dashboard={dashboard} metrics={metrics} />
      ) : wanted === undefined || dashboards.length === 0 ? (
        <EmptyNotice />
      ) : (
        <UnknownDashboardNotice name={wanted} />
      )}
    </LiveContext.Provider>
  );
}

async function load(given: string | undefined, view: View): Promise<Progress> {
  try {
    const key = given ?? (await loadPublicKey(view));
    if (key === undefined) return { phase: "key" };
    return { phase: "ready", key, catalog: await loadCatalog(key, view) };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (!error.isRefusal) return { phase: "failed", message: error.message };
    keepKey(places, undefined);
    return { phase: "key", refusal: error.message };
  }
}

/** A catalog that is shown already is not given up because it cannot be had again, nor drawn anew when it is the same. */
function kept(before: Progress, next: Progress): Progress {
  if (before.phase !== "ready") return next;
  if (next.phase === "failed") return before;
  const same = next.phase === "ready" && next.key === before.key && isSame(next.catalog, before.catalog);
  return same ? { ...before } : next;
}

function isSame(a: Catalog, b: Catalog): boolean {
  const text = ({ dashboards, metrics }: Catalog): string =>
    JSON.stringify([dashboards, [...metrics.values()]]);
  return text(a) === text(b);
}

function refreshMs(progress: Progress): number | undefined {
  if (progress.phase === "failed") return RETRY_MS;
  if (progress.phase !== "ready") return undefined;
  return progress.catalog.dashboards.length === 0 ? REFRESH_EMPTY_MS : REFRESH_MS;
}
