import type { Panel } from "../../protocol/dashboard.ts";
import { PathIcon } from "../icons.tsx";
import type { PanelCommands } from "../panels/panel-commands.ts";
import { followLink } from "../route.ts";
import { offered, PANEL_ACTIONS, type PanelAction, type SlotContext } from "../slots.ts";

export interface PanelMenuProps {
  panel: Panel;
  index: number;
  commands: PanelCommands;
  context: SlotContext;
  onClose: () => void;
  /** Opens a dialog of `slots.ts`. */
  onDialog: (action: PanelAction) => void;
}

/** Everything that can be done with one panel. */
export function PanelMenu({ panel, index, commands, context, onClose, onDialog }: PanelMenuProps) {
  const { asTable, enlarge } = commands;
  const item = (label: string, key: string, act: () => unknown) => (
    <MenuItem label={label} keyName={key} onPick={() => (onClose(), act())} />
  );
  return (
    <>
      {panel.kind !== "table" && item(asTable.on ? "Show as chart" : "Show as table", "v", asTable.toggle)}
      {enlarge !== undefined && item("Enlarge, or back", "f", enlarge)}
      {item("Download CSV", "c", () => commands.export("csv"))}
      {item("Download PNG", "i", () => commands.export("png"))}
      {offered(PANEL_ACTIONS, context.catalog).map((action) => (
        <ActionItem
          key={action.name}
          action={action}
          href={action.href?.(context.dashboard?.name ?? "", index)}
          onPick={() => (onClose(), onDialog(action))}
        />
      ))}
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
