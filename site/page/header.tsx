import { useEffect, useRef } from "preact/hooks";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { HeaderActions } from "./header-actions.tsx";
import { useStore } from "../hooks.ts";
import { MoonIcon, MoreIcon, SunIcon, WaveIcon } from "../icons.tsx";
import { useLive } from "../series/live.ts";
import { Popover } from "../popover.tsx";
import { dashboardPath, followLink, search, sharedHref } from "../route.ts";
import { offered, PAGES, type SlotContext } from "../slots.ts";
import { theme, toggleTheme } from "../theme.ts";
import { rangeInSearch, searchWithRange } from "../time/time-range.ts";

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
  /** Opens the list of keys. */
  onHelp: () => void;
}

/** The page's head: the dashboards, the connection, pause and theme. */
export function Header({ dashboards, current, context, onHelp }: HeaderProps) {
  // The range goes along to the next dashboard; a panel shown alone does not.
  const kept = searchWithRange("", rangeInSearch(useStore(search), useLive().view.clockMs()));
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [current, dashboards]);
  return (
    <header class="header">
      <Brand />
      <nav class="tabs" aria-label="Dashboards" ref={tabs}>
        {dashboards.map(({ name, title }) => {
          const href = sharedHref(dashboardPath(name) + kept);
          return (
            <a
              key={name}
              class="tab"
              href={href}
              aria-current={name === current ? "page" : undefined}
              onClick={(event) => followLink(event, href)}
            >
              <span>{title}</span>
            </a>
          );
        })}
      </nav>
      <div class="header-tools">
        <ConnectionBadge />
        <HeaderActions {...context} />
        <PagesMenu {...context} />
        <ThemeButton />
        <button
          type="button"
          class="button button-icon help"
          aria-label="Keys"
          title="Keys (?)"
          onClick={onHelp}
        >
          ?
        </button>
      </div>
    </header>
  );
}

function Brand() {
  return (
    <a
      class="brand"
      href={sharedHref("/")}
      aria-label="Freshet, first dashboard"
      onClick={(event) => followLink(event, "/")}
    >
      <WaveIcon />
      <span class="brand-name">Freshet</span>
    </a>
  );
}

/** The pages of `slots.ts` that want to be listed. */
function PagesMenu({ catalog }: SlotContext) {
  const pages = offered(PAGES, catalog).filter(({ inMenu }) => inMenu === true);
  if (pages.length === 0) return null;
  return (
    <Popover kind="menu" label="More pages" buttonClass="button button-icon" face={<MoreIcon />}>
      {(close) =>
        pages.map(({ route, title }) => (
          <a
            key={route}
            class="menu-item"
            role="menuitem"
            href={`#/${route}`}
            onClick={(event) => {
              close();
              followLink(event, `#/${route}`);
            }}
          >
            {title}
          </a>
        ))
      }
    </Popover>
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
