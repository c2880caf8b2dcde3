import { DifferencesTable } from "../build/differences-table.tsx";
import type { RuleConflict } from "./save-rule.ts";

interface RuleConflictNoteProps {
  conflict: RuleConflict;
  /** What was not done. */
  what: "Save" | "Delete";
  onTakeTheirs: () => void;
  /** Saves or deletes over what somebody else has saved. */
  onOverwrite: () => void;
}

/** Somebody else has changed the rule meanwhile: what differs, and what can be done about it. */
export function RuleConflictNote({ conflict, what, onTakeTheirs, onOverwrite }: RuleConflictNoteProps) {
  const { stored, mine } = conflict;
  return (
    <div>
      <p class="fault" role="alert">
        Not {what === "Save" ? "saved" : "deleted"}: the alert <code>{mine.name}</code> was{" "}
        {stored === undefined ? "removed" : "changed or made"} by somebody else meanwhile.
      </p>
      {stored !== undefined && <DifferencesTable of={`alert ${mine.name}`} theirs={stored} mine={mine} />}
      <div class="choice">
        {stored !== undefined && (
          <button type="button" class="button" onClick={onTakeTheirs}>
            Take theirs
          </button>
        )}
        <button type="button" class="button" onClick={onOverwrite}>
          {what === "Save" ? "Save mine all the same" : "Delete it all the same"}
        </button>
      </div>
    </div>
  );
}
