import { useEffect } from "preact/hooks";

/** The browser asks before the page is left with changes that are not saved. */
export function useUnsavedGuard(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [dirty]);
}

/** Ctrl Z and Ctrl Shift Z, but where somebody types: there they are the browser's. */
export function useUndoKeys(undo: () => void, redo: () => void, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const press = (event: KeyboardEvent): void => {
      const { target, key } = event;
      if (!(event.ctrlKey || event.metaKey) || target instanceof HTMLInputElement) return;
      const isUndo = key === "z" && !event.shiftKey;
      const isRedo = key === "y" || key.toLowerCase() === "z";
      if (!isUndo && !isRedo) return;
      event.preventDefault();
      if (isUndo) undo();
      else redo();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [active]);
}
