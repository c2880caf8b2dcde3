import { useEffect, useMemo } from "preact/hooks";
import { useStore } from "../hooks.ts";
import { followLink } from "../route.ts";
import type { PageProps } from "../slots.ts";
import { ownKey } from "./own-key.tsx";
import { QualityView } from "./quality-view.tsx";
import { Requests } from "./requests.ts";
import { SeenView } from "./seen-view.tsx";
import type { StreamViewProps } from "./stream-view.tsx";
import { TailView } from "./tail-view.tsx";
import { TraceView } from "./trace-view.tsx";
import "../styles/form.css";
import "./build.css";

const TABS = [
  { name: "tail", label: "Live tail" },
  { name: "names", label: "Names and fields" },
  { name: "trace", label: "Inspector" },
  { name: "quality", label: "Data quality" },
] as const;

/** `#/stream`: events as they come; `#/stream/names`, `#/stream/trace/…`, `#/stream/quality`. */
export function StreamPage({ rest, readKey }: PageProps) {
  const key = useStore(ownKey) ?? readKey;
  const requests = useMemo(() => new Requests(key), [key]);
  const shown = TABS.find(({ name }) => name === rest[0]) ?? TABS[0];
  useEffect(() => {
    document.title = `${shown.label} · Freshet`;
  }, [shown]);
  return (
    <main class="page stream">
      <div class="page-head">
        <h1 class="page-title">Stream</h1>
        <nav class="subtabs" aria-label="Views of the stream">
          {TABS.map(({ name, label }) => {
            const href = `#/stream/${name}`;
            return (
              <a
                key={name}
                class="subtab"
                href={href}
                aria-current={name === shown.name ? "page" : undefined}
                onClick={(event) => followLink(event, href)}
              >
                {label}
              </a>
            );
          })}
        </nav>
      </div>
      <Shown key={`${shown.name} ${key}`} name={shown.name} requests={requests} rest={rest.slice(1)} />
    </main>
  );
}

function Shown({ name, ...props }: StreamViewProps & { name: (typeof TABS)[number]["name"] }) {
  switch (name) {
    case "tail":
      return <TailView {...props} />;
    case "names":
      return <SeenView {...props} />;
    case "trace":
      return <TraceView {...props} />;
    case "quality":
      return <QualityView {...props} />;
  }
}
