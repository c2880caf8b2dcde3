import type { Dashboard } from "../protocol/dashboard.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { HeaderActions } from "./header-actions.tsx";
import { useStore } from "./hooks.ts";
import { MoonIcon, PauseIcon, PlayIcon, SunIcon, WaveIcon } from "./icons.tsx";
import { useLive } from "./live.ts";
import { dashboardPath, followLink } from "./route.ts";
import type { SlotContext } from "./slots.ts";
import { theme, toggleTheme } from "./theme.ts";

/** The page's head without what needs a connection. */
export function PlainHeader() {
  return (
    <header class="header">
      <Brand />
      <div class="header-tools">
        <ThemeButton />
      </div>
    </header>
  );
}

interface HeaderProps {
  dashboards: readonly Dashboard[];
  current: string;
  context: SlotContext;
}

/** The page's head: the dashboards, the connection, pause and theme. */
export function Header({ dashboards, current, context }: HeaderProps) {
  return (
    <header class="header">
      <Brand />
      <nav class="tabs" aria-label="Dashboards">
        {dashboards.map(({ name, title }) => {
          const href = dashboardPath(name);
          return (
            <a
              key={name}
              class="tab"
              href={href}
              aria-current={name === current ? "page" : undefined}
              onClick={(event) => followLink(event, href)}
            >
              {title}
            </a>
          );
        })}
      </nav>
      <div class="header-tools">
        <ConnectionBadge />
        <HeaderActions {...context} />
        <PauseButton />
        <ThemeButton />
      </div>
    </header>
  );
}

function Brand() {
  return (
    <a
      class="brand"
      href="/"
      aria-label="Freshet, first dashboard"
      onClick={(event) => followLink(event, "/")}
    >
      <WaveIcon />
      <span class="brand-name">Freshet</span>
    </a>
  );
}

function PauseButton() {
  const { view } = useLive();
  const pausedAtMs = useStore(view.pausedAtMs);
  const paused = pausedAtMs !== undefined;
  return (
    <button
      type="button"
      class="button pause"
      aria-pressed={paused}
      aria-label={paused ? "Resume" : "Pause"}
      title={paused ? "Show what is happening now" : "Hold the charts still; nothing is lost meanwhile"}
      onClick={() => view.togglePaused()}
    >
      {paused ? <PlayIcon /> : <PauseIcon />}
      <span class="pause-text">{paused ? "Resume" : "Pause"}</span>
    </button>
  );
}

function ThemeButton() {
  const dark = useStore(theme) === "dark";
  const label = dark ? "Light theme" : "Dark theme";
  return (
    <button type="button" class="button button-icon" aria-label={label} title={label} onClick={toggleTheme}>
      {dark ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
