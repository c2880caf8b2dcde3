import { useState } from "preact/hooks";
import type { Panel } from "../protocol/dashboard.ts";
import { LoadedDialog } from "./header-actions.tsx";
import { MoreIcon, PathIcon } from "./icons.tsx";
import type { PanelCommands } from "./panel-commands.ts";
import { Popover } from "./popover.tsx";
import { followLink } from "./route.ts";
import { offered, PANEL_ACTIONS, type PanelAction, type SlotContext } from "./slots.ts";

interface PanelMenuProps {
  panel: Panel;
  index: number;
  commands: PanelCommands;
  context: SlotContext;
}

/** Everything that can be done with one panel. */
export function PanelMenu({ panel, index, commands, context }: PanelMenuProps) {
  const [opened, setOpened] = useState<PanelAction>();
  const { asTable, enlarge } = commands;
  const isDrawn = panel.kind !== "table";
  return (
    <>
      <Popover
        kind="menu"
        name="menu"
        label={`Menu of ${panel.title}`}
        buttonClass="panel-menu"
        face={<MoreIcon />}
      >
        {(close) => {
          const item = (label: string, key: string, act: () => unknown) => (
            <MenuItem label={label} keyName={key} onPick={() => (close(), act())} />
          );
          return (
            <>
              {isDrawn && item(asTable.on ? "Show as chart" : "Show as table", "v", asTable.toggle)}
              {enlarge !== undefined && item("Enlarge, or back", "f", enlarge)}
              {item("Download CSV", "c", () => commands.export("csv"))}
              {item("Download PNG", "i", () => commands.export("png"))}
              {offered(PANEL_ACTIONS, context.catalog).map((action) => (
                <ActionItem
                  key={action.name}
                  action={action}
                  href={action.href?.(context.dashboard?.name ?? "", index)}
                  onPick={() => (close(), setOpened(action))}
                />
              ))}
            </>
          );
        }}
      </Popover>
      {opened?.dialog !== undefined && (
        <LoadedDialog
          {...context}
          load={opened.dialog}
          panel={panel}
          index={index}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  );
}

function MenuItem({ label, keyName, onPick }: { label: string; keyName: string; onPick: () => void }) {
  return (
    <button type="button" class="menu-item" role="menuitem" onClick={onPick}>
      {label}
      <kbd aria-hidden="true">{keyName}</kbd>
    </button>
  );
}

interface ActionItemProps {
  action: PanelAction;
  href: string | undefined;
  onPick: () => void;
}

function ActionItem({ action: { label, icon, key }, href, onPick }: ActionItemProps) {
  const face = (
    <>
      <PathIcon d={icon} />
      {label}
      {key !== undefined && <kbd aria-hidden="true">{key}</kbd>}
    </>
  );
  if (href === undefined) {
    return (
      <button type="button" class="menu-item" role="menuitem" onClick={onPick}>
        {face}
      </button>
    );
  }
  return (
    <a
      class="menu-item"
      role="menuitem"
      href={href}
      onClick={(event) => {
        onPick();
        followLink(event, href);
      }}
    >
      {face}
    </a>
  );
}
