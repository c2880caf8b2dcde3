import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { LoadedDialog } from "../page/header-actions.tsx";
import { useLoaded } from "../hooks.ts";
import { MoreIcon } from "../icons.tsx";
import type { PanelMenuProps } from "../on-demand/panel-menu.tsx";
import { Popover } from "../popover.tsx";
import type { PanelAction } from "../slots.ts";

const loadMenu = async () => (await import("../on-demand/panel-menu.tsx")).PanelMenu;

/** The button of a panel's menu, and the dialog that an entry of it has opened. */
export function PanelMenuButton(props: Omit<PanelMenuProps, "onClose" | "onDialog">) {
  const [opened, setOpened] = useState<PanelAction>();
  const { panel, index, context } = props;
  return (
    <>
      <Popover
        kind="menu"
        name="menu"
        label={`Menu of ${panel.title}`}
        buttonClass="panel-menu"
        face={<MoreIcon />}
      >
        {(close) => <LazyMenu {...props} onClose={close} onDialog={setOpened} />}
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

function LazyMenu(props: PanelMenuProps) {
  const { value: PanelMenu, failed } = useLoaded(loadMenu, []);
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (PanelMenu !== undefined) element.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [PanelMenu]);
  if (failed) return <p class="popover-note">The menu cannot be loaded: is the server there?</p>;
  return <div ref={element}>{PanelMenu !== undefined && <PanelMenu {...props} />}</div>;
}
