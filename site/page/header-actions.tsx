import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { useLoaded, useStore } from "../hooks.ts";
import { PathIcon } from "../icons.tsx";
import { followLink, fragment } from "../route.ts";
import { HEADER_ACTIONS, offered, type DialogProps, type HeaderAction, type SlotContext } from "../slots.ts";

/** The buttons that `slots.ts` lists for the header. */
export function HeaderActions(context: SlotContext) {
  const [open, setOpen] = useState<HeaderAction>();
  return (
    <>
      {offered(HEADER_ACTIONS, context.catalog).map((action) => (
        <ActionButton key={action.name} action={action} context={context} onOpen={() => setOpen(action)} />
      ))}
      {open?.dialog !== undefined && (
        <LoadedDialog {...context} load={open.dialog} onClose={() => setOpen(undefined)} />
      )}
    </>
  );
}

interface ActionButtonProps {
  action: HeaderAction;
  context: SlotContext;
  onOpen: () => void;
}

function ActionButton({ action, context, onOpen }: ActionButtonProps) {
  const { label, icon, href } = action;
  const place = useStore(fragment);
  const face = (
    <>
      <PathIcon d={icon} />
      <span class="action-text">{label}</span>
    </>
  );
  if (href === undefined) {
    return (
      <button type="button" class="button action" aria-label={label} title={label} onClick={onOpen}>
        {face}
      </button>
    );
  }
  const target = href(context.dashboard?.name ?? "");
  return (
    <a
      class="button action"
      aria-label={label}
      title={label}
      href={target}
      aria-current={place === target ? "page" : undefined}
      onClick={(event) => followLink(event, target)}
    >
      {face}
    </a>
  );
}

/** A dialog that is loaded when it is asked for: nothing is seen until then. */
export function LoadedDialog({
  load,
  ...props
}: DialogProps & { load: () => Promise<ComponentType<DialogProps>> }) {
  const { value: Dialog, failed } = useLoaded(load, [load]);
  if (!failed) return Dialog === undefined ? null : <Dialog {...props} />;
  return (
    <p class="not-loaded" role="alert">
      This cannot be loaded: is the server there?{" "}
      <button type="button" class="button" autofocus onClick={props.onClose}>
        Close
      </button>
    </p>
  );
}
