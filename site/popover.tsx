import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface PopoverProps {
  /** The button's content, name and look. */
  face: ComponentChildren;
  label: string;
  buttonClass: string;
  kind: "menu" | "dialog";
  /** A name by which a key opens it: see `keys.ts`. */
  name?: string;
  /** What is shown; `close` closes it and puts the focus back. */
  children: (close: () => void) => ComponentChildren;
}

const GAP_PX = 6;
const EDGE_PX = 8;

/** A button with something that opens below it, over everything; Escape or a press elsewhere closes it. */
export function Popover({ face, label, buttonClass, kind, name, children }: PopoverProps) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        type="button"
        ref={button}
        class={buttonClass}
        aria-label={label}
        title={label}
        aria-haspopup={kind}
        aria-expanded={open}
        data-key-target={name}
        onClick={() => setOpen(!open)}
      >
        {face}
      </button>
      {open && (
        <Opened anchor={button.current} label={label} kind={kind} onClosed={() => setOpen(false)}>
          {children(close)}
        </Opened>
      )}
    </>
  );
}

interface OpenedProps {
  anchor: HTMLElement | null;
  label: string;
  kind: "menu" | "dialog";
  onClosed: () => void;
  children: ComponentChildren;
}

function Opened({ anchor, label, kind, onClosed, children }: OpenedProps) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null || anchor === null) return;
    current.showPopover();
    const place = (): void => placeBelow(current, anchor);
    const resize = new ResizeObserver(place);
    resize.observe(current);
    const listening = new AbortController();
    addEventListener("scroll", place, { signal: listening.signal, passive: true });
    addEventListener("resize", place, listening);
    current.querySelector<HTMLElement>("button, a, input, select")?.focus({ preventScroll: true });
    return () => {
      resize.disconnect();
      listening.abort();
    };
  }, [anchor]);
  return (
    <div
      ref={element}
      class="popover"
      popover="auto"
      role={kind}
      aria-label={label}
      onToggle={(event) => {
        if (event.newState === "closed") onClosed();
      }}
      onKeyDown={(event) => kind === "menu" && moveFocus(event)}
    >
      {children}
    </div>
  );
}

function placeBelow(element: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = element;
  const left = Math.max(EDGE_PX, Math.min(at.right - width, innerWidth - width - EDGE_PX));
  const below = at.bottom + GAP_PX;
  const fits = below + height <= innerHeight - EDGE_PX;
  const top = fits ? below : Math.max(EDGE_PX, innerHeight - height - EDGE_PX);
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
}

/** Arrow keys move through the entries of a menu. */
function moveFocus(event: KeyboardEvent): void {
  const { key, currentTarget } = event;
  if (!(currentTarget instanceof HTMLElement)) return;
  const entries = [...currentTarget.querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = entries.indexOf(document.activeElement as HTMLElement);
  const last = entries.length - 1;
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, Home: 0, End: last }[key];
  if (next === undefined) return;
  event.preventDefault();
  entries.at(next > last ? 0 : next)?.focus();
}
