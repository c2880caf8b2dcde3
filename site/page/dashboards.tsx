import { useEffect, useMemo, useState } from "preact/hooks";
import { parseDuration } from "../../protocol/time.ts";
import { announce, Announcer } from "../announce.tsx";
import type { Catalog } from "../api.ts";
import { DashboardPage } from "./dashboard-page.tsx";
import { FragmentPage } from "./fragment-page.tsx";
import { LoadedDialog } from "./header-actions.tsx";
import { Header, PlainHeader } from "./header.tsx";
import { useLoaded, useStore } from "../hooks.ts";
import { listenForKeys } from "./keys.ts";
import { openLive, LiveContext, useLive, type Live } from "../series/live.ts";
import { MarksContext, useMarkSources } from "../panels/marks.ts";
import { LoadingPage } from "./notices.tsx";
import { pageOptions, searchWith } from "./page-options.ts";
import { queriesWith, QueryContext } from "../series/query.ts";
import { dashboardInPath, dashboardPath, fragment, fragmentParts, navigate, path, search } from "../route.ts";
import { HEADER_ACTIONS, offered, PAGES, type HeaderAction, type SlotContext } from "../slots.ts";
import { toggleTheme } from "../theme.ts";
import { describeRange } from "../time/time-range.ts";
import { keepRangeInUrl } from "../time/view-url.ts";
import type { View } from "../time/view.ts";

interface DashboardsProps {
  readKey: string;
  catalog: Catalog;
  view: View;
  reload: () => void;
  /** The live connection's key does not do any more; the server's words. */
  onRefused: (message: string) => void;
}

/** How long after news of a metric the catalog is read again, and twice as long at most. */
const RELOAD_AFTER_MS = 1_500;
const loadMissing = async () => (await import("../on-demand/missing-notice.tsx")).MissingNotice;
const loadKeys = async () => (await import("../on-demand/key-overlay.tsx")).KeyOverlay;

/** Everything that is seen once the catalog is known: header, and a dashboard or a page of `slots.ts`. */
export function Dashboards({ readKey, catalog, view, reload, onRefused }: DashboardsProps) {
  const [live, setLive] = useState<Live>();
  const query = useMemo(() => queriesWith(readKey, view), [readKey, view]);
  useEffect(() => {
    let renewed: ReturnType<typeof setTimeout> | undefined;
    // Several series are told one after another, and many pages at once.
    const onRenewed = (): void => {
      renewed ??= setTimeout(
        () => {
          renewed = undefined;
          reload();
        },
        RELOAD_AFTER_MS * (1 + Math.random()),
      );
    };
    const opened = openLive(readKey, view, onRefused, onRenewed);
    setLive(opened);
    return () => {
      clearTimeout(renewed);
      opened.close();
    };
  }, [readKey, view]);
  useEffect(() => keepRangeInUrl(view), [view]);
  if (live === undefined) return <LoadingPage />;
  return (
    <LiveContext.Provider value={live}>
      <QueryContext.Provider value={query}>
        <Shown readKey={readKey} catalog={catalog} reload={reload} />
        <Announcements />
        <Announcer />
      </QueryContext.Provider>
    </LiveContext.Provider>
  );
}

function Shown({ readKey, catalog, reload }: Omit<DashboardsProps, "view" | "onRefused">) {
  const { view } = useLive();
  const [dialog, setDialog] = useState<"keys" | HeaderAction>();
  const wanted = dashboardInPath(useStore(path));
  const { embed, kiosk } = pageOptions(useStore(search));
  const [route, ...rest] = fragmentParts(useStore(fragment));
  const { dashboards } = catalog;
  const dashboard = wanted === undefined ? dashboards[0] : dashboards.find(({ name }) => name === wanted);
  const context: SlotContext = { readKey, catalog, dashboard, reload };
  const slot = offered(PAGES, catalog).find((page) => page.route === route);
  const ownMs = parseDuration(dashboard?.range) ?? 900_000;
  const rangesMs = dashboard?.panels.map(({ range }) => parseDuration(range) ?? ownMs) ?? [];
  const marks = useMarkSources(readKey, view, Math.max(ownMs, ...rangesMs));

  const bare = embed || kiosk;
  useEffect(() => {
    document.documentElement.classList.toggle("kiosk", kiosk);
    document.documentElement.classList.toggle("embed", embed);
    if (kiosk) void import("../on-demand/rotate.ts").then(({ rotate }) => rotate(dashboards, view));
  }, [kiosk, embed, dashboards]);
  useEffect(
    () =>
      listenForKeys({
        view,
        ownMs,
        help: () => setDialog("keys"),
        theme: toggleTheme,
        kiosk: () => navigate(path.value + searchWith(search.value, "kiosk", kiosk ? undefined : "1")),
        dashboard: (index) => {
          const { name } = dashboards[index] ?? {};
          // A wall stays a wall, and a frame what it is.
          const kept = bare ? searchWith(search.value, "panel", undefined) : "";
          if (name !== undefined) navigate(dashboardPath(name) + kept);
        },
        slot: (key) => {
          const action = offered(HEADER_ACTIONS, catalog).find((each) => each.key === key);
          if (action?.href !== undefined) navigate(action.href(dashboard?.name ?? ""));
          else setDialog(action);
          return action !== undefined;
        },
      }),
    [view, ownMs, kiosk, bare, dashboards, dashboard],
  );

  const load = dialog === "keys" ? loadKeys : dialog?.dialog;
  return (
    <MarksContext.Provider value={marks}>
      {!bare &&
        (dashboards.length === 0 ? (
          <PlainHeader />
        ) : (
          <Header
            dashboards={dashboards}
            current={slot === undefined || rest[0] === dashboard?.name ? (dashboard?.name ?? "") : ""}
            context={context}
            onHelp={() => setDialog("keys")}
          />
        ))}
      {slot !== undefined ? (
        <FragmentPage key={slot.route} slot={slot} rest={rest} {...context} />
      ) : dashboard !== undefined ? (
        <DashboardPage key={dashboard.name} dashboard={dashboard} context={context} />
      ) : (
        <LazyMissing wanted={dashboards.length === 0 ? undefined : wanted} />
      )}
      {load !== undefined && <LoadedDialog {...context} load={load} onClose={() => setDialog(undefined)} />}
    </MarksContext.Provider>
  );
}

function LazyMissing({ wanted }: { wanted: string | undefined }) {
  const { value: MissingNotice } = useLoaded(loadMissing, []);
  return MissingNotice === undefined ? (
    <main class="notice" aria-busy="true" />
  ) : (
    <MissingNotice wanted={wanted} />
  );
}

/** Says what changes by itself or by a key: the connection, the range, whether time moves. */
function Announcements() {
  const { view, state } = useLive();
  const { phase, reconnects } = useStore(state);
  const range = useStore(view.range);
  const paused = useStore(view.pausedAtMs) !== undefined;
  const [first, setFirst] = useState(true);
  useEffect(() => {
    if (phase === "waiting") announce("The connection is lost; trying again.");
    if (phase === "open" && reconnects > 0) announce("Connected again.");
  }, [phase, reconnects]);
  useEffect(() => {
    if (first) setFirst(false);
    else announce(paused ? "Paused." : range === undefined ? "Live." : `${describeRange(range)}.`);
  }, [paused, range]);
  return null;
}
