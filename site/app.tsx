import { useEffect, useMemo, useState } from "preact/hooks";
import { loadCatalog, loadPublicKey, RequestError, type Catalog } from "./api.ts";
import { Dashboards } from "./page/dashboards.tsx";
import { useLoaded } from "./hooks.ts";
import type { KeyPromptProps } from "./on-demand/key-prompt.tsx";
import { FailureNotice, LoadingPage } from "./page/notices.tsx";
import { keepKey, takeKey, type KeyPlaces } from "./read-key.ts";
import { navigate } from "./route.ts";
import { isShareLink, isShareToken } from "./share-token.ts";
import { View } from "./time/view.ts";

const loadEnded = async () => (await import("./share/shared-ended.tsx")).SharedEnded;
const loadKeyPrompt = async () => (await import("./on-demand/key-prompt.tsx")).KeyPrompt;

/** How far the page has come. */
type Progress =
  | { phase: "loading" }
  | { phase: "key"; refusal?: string }
  | { phase: "failed"; message: string }
  /** A share link that shows nothing any more. */
  | { phase: "ended"; message: string }
  | { phase: "ready"; key: string; catalog: Catalog };

const places: KeyPlaces = { location, navigate, storage: () => sessionStorage };
const givenKey = takeKey(places);
// Only the fragment is another: the browser would go on with the page of the link, or key, before.
addEventListener("hashchange", () => isShareLink(location.hash) && location.reload());
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
    case "ended":
      return <LazyEnded message={progress.message} />;
    case "key":
      return (
        <LazyKeyPrompt
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
          onRefused={(message) => setProgress(refused(key, message))}
        />
      );
  }
}

/** Most visitors bring their key along, so that few need this. */
function LazyKeyPrompt(props: KeyPromptProps) {
  const { value: KeyPrompt, failed } = useLoaded(loadKeyPrompt, []);
  if (failed)
    return <FailureNotice message="The server does not answer." onRetry={() => location.reload()} />;
  return KeyPrompt === undefined ? <LoadingPage /> : <KeyPrompt {...props} />;
}

function LazyEnded({ message }: { message: string }) {
  const { value: SharedEnded } = useLoaded(loadEnded, []);
  return SharedEnded === undefined ? <LoadingPage /> : <SharedEnded message={message} />;
}

async function load(given: string | undefined, view: View): Promise<Progress> {
  if (isShareLink(location.hash) && !isShareToken(given)) {
    return { phase: "ended", message: "the share link is not valid" };
  }
  try {
    const key = given ?? (await loadPublicKey(view));
    if (key === undefined) return { phase: "key" };
    return { phase: "ready", key, catalog: await loadCatalog(key, view) };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (!error.isRefusal) return { phase: "failed", message: error.message };
    return refused(given, error.message);
  }
}

/** The key is of no use any more. */
function refused(given: string | undefined, message: string): Progress {
  if (isShareToken(given)) return { phase: "ended", message };
  keepKey(places, undefined);
  return { phase: "key", refusal: message };
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
