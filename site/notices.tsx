import { PlainHeader } from "./header.tsx";
import { followLink } from "./route.ts";

/** The page before it knows what to show: its shape, without a spinner. */
export function LoadingPage() {
  return (
    <>
      <PlainHeader />
      <main class="page" aria-busy="true">
        <p class="visually-hidden">Loading</p>
        <div class="page-head">
          <span class="skeleton skeleton-title" />
        </div>
        <div class="grid" aria-hidden="true">
          {[3, 3, 3, 3, 6, 6].map((wide, i) => (
            <div
              key={i}
              class="panel"
              style={{ "--wide": wide, "--tablet": 3, "--height": wide === 3 ? 1 : 3 }}
            >
              <div class="skeleton" />
            </div>
          ))}
        </div>
      </main>
    </>
  );
}

/** The server cannot be read; the page goes on trying. */
export function FailureNotice({ message, onRetry }: { message: string; onRetry: () => void }) {
  return (
    <>
      <PlainHeader />
      <main class="notice">
        <h1 class="notice-title">The dashboards cannot be loaded</h1>
        <p class="notice-text" role="alert">
          {message} This page tries again every few seconds.
        </p>
        <button type="button" class="button" onClick={onRetry}>
          Try now
        </button>
      </main>
    </>
  );
}

/** There is no dashboard yet: how to make one. */
export function EmptyNotice() {
  return (
    <main class="notice">
      <h1 class="notice-title">No dashboards yet</h1>
      <p class="notice-text">
        Define a metric and a dashboard with an admin key. This page shows it as soon as it is there.
      </p>
      <pre class="notice-code" tabIndex={0}>
        <code>{EXAMPLE}</code>
      </pre>
    </main>
  );
}

/** The address names a dashboard that is not there. */
export function UnknownDashboardNotice({ name }: { name: string }) {
  return (
    <main class="notice">
      <h1 class="notice-title">No dashboard named “{name}”</h1>
      <p class="notice-text">It may have been renamed or removed. The ones there are stand above.</p>
      <a class="button" href="/" onClick={(event) => followLink(event, "/")}>
        First dashboard
      </a>
    </main>
  );
}

const EXAMPLE = `curl -X PUT $SERVER/v1/catalog/dashboards/first \\
  -H "Authorization: Bearer $ADMIN_KEY" \\
  -d '{ "title": "First", "range": "15m", "panels": [
        { "title": "Page views", "kind": "line",
          "metric": "page_views", "width": 12, "height": 3 } ] }'`;
