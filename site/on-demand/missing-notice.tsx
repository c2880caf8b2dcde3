import { followLink } from "../route.ts";
import "../styles/form.css";

/** What stands in a dashboard's place. `wanted`: the name in the address, when there are dashboards, but not that one. */
export function MissingNotice({ wanted }: { wanted: string | undefined }) {
  return wanted === undefined ? <EmptyNotice /> : <UnknownDashboardNotice name={wanted} />;
}

/** There is no dashboard yet: how to make one. */
function EmptyNotice() {
  return (
    <main class="notice">
      <h1 class="notice-title">No dashboards yet</h1>
      <p class="notice-text">
        <a class="button button-primary" href="#/build" onClick={(event) => followLink(event, "#/build")}>
          Build the first
        </a>
      </p>
      <p class="notice-text">
        Or define a metric and a dashboard with an admin key. This page shows it as soon as it is there.
      </p>
      <pre class="notice-code" tabIndex={0}>
        <code>{EXAMPLE}</code>
      </pre>
    </main>
  );
}

/** The address names a dashboard that is not there. */
function UnknownDashboardNotice({ name }: { name: string }) {
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

const EXAMPLE = `curl -X PUT ${location.origin}/v1/catalog/dashboards/first \\
  -H "Authorization: Bearer $ADMIN_KEY" \\
  -d '{ "title": "First", "range": "15m", "panels": [
        { "title": "Page views", "kind": "line",
          "metric": "page_views", "width": 12, "height": 3 } ] }'`;
