import { PlainHeader } from "./header.tsx";

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
