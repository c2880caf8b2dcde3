import { PathIcon } from "../icons.tsx";
import type { Draft } from "./draft.ts";
import type { History } from "./history.ts";

const UNDO = "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M3 6.500L6 3.500M3 6.500l3 3";
const REDO = "M13 6.500H6.500a3.500 3.500 0 0 0 0 7H10M13 6.500l-3-3M13 6.500l-3 3";

interface BuildHeadProps {
  isNew: boolean;
  history: History<Draft>;
  onUndo: () => void;
  onRedo: () => void;
  onJson: () => void;
  canSave: boolean;
  isSaving: boolean;
  onSave: () => void;
}

/** The builder's title and what can be done with the whole draft. */
export function BuildHead(props: BuildHeadProps) {
  const { isNew, history, onUndo, onRedo, onJson, canSave, isSaving, onSave } = props;
  return (
    <div class="page-head build-head">
      <h1 class="page-title">{isNew ? "New dashboard" : "Edit dashboard"}</h1>
      <div class="build-tools">
        <button
          type="button"
          class="button button-icon"
          aria-label="Undo"
          title="Undo (Ctrl Z)"
          disabled={history.past.length === 0}
          onClick={onUndo}
        >
          <PathIcon d={UNDO} />
        </button>
        <button
          type="button"
          class="button button-icon"
          aria-label="Redo"
          title="Redo (Ctrl Shift Z)"
          disabled={history.future.length === 0}
          onClick={onRedo}
        >
          <PathIcon d={REDO} />
        </button>
        <button type="button" class="button" onClick={onJson}>
          JSON
        </button>
        <button type="button" class="button button-primary" disabled={!canSave} onClick={onSave}>
          {isSaving ? "Saving…" : "Save"}
        </button>
      </div>
    </div>
  );
}
