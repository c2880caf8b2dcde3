import { dashboardPath, followLink } from "../route.ts";
import { DifferencesTable } from "./differences-table.tsx";
import type { Conflict, SaveOutcome } from "./save.ts";

/** How saving goes. */
export type Saving = { status: "no" } | { status: "going" } | SaveOutcome;

interface SaveNoteProps {
  saving: Saving;
  unsaved: number;
  dirty: boolean;
  name: string;
  /** Goes back to what is saved; undefined: there is nothing to give up. */
  onDiscard: (() => void) | undefined;
  /** Saves over what somebody else has saved. */
  onOverwrite: (conflicts: Conflict[]) => void;
  /** Takes what somebody else has saved in place of one's own. */
  onTakeTheirs: (conflicts: Conflict[]) => void;
  /** Gives what is new another name than somebody else's; undefined: it is not new. */
  onRename: (() => void) | undefined;
}

/** Whether the draft is saved, or why not. */
export function SaveNote({ saving, unsaved, dirty, name, ...on }: SaveNoteProps) {
  if (saving.status === "changed") {
    const { conflicts } = saving;
    return (
      <div class="build-changed">
        <p class="fault" role="alert">
          Not saved:{" "}
          {conflicts.map(({ kind, name: changed, stored }, i) => (
            <span key={kind + changed}>
              {i > 0 && ", "}
              the {kind === "metrics" ? "metric" : "dashboard"} <code>{changed}</code> was{" "}
              {stored === undefined ? "removed" : "changed or made"}
            </span>
          ))}{" "}
          by somebody else meanwhile.
        </p>
        {conflicts.map(
          ({ kind, name: changed, stored, mine }) =>
            stored !== undefined && (
              <DifferencesTable
                key={kind + changed}
                of={`${kind === "metrics" ? "metric" : "dashboard"} ${changed}`}
                theirs={stored}
                mine={mine}
              />
            ),
        )}
        <div class="choice">
          {!conflicts.some(isGone) && (
            <button type="button" class="button" onClick={() => on.onTakeTheirs(conflicts)}>
              Take theirs
            </button>
          )}
          {on.onRename !== undefined && conflicts.some(({ kind }) => kind === "dashboards") && (
            <button type="button" class="button" onClick={on.onRename}>
              Give mine another name
            </button>
          )}
          <button type="button" class="button" onClick={() => on.onOverwrite(conflicts)}>
            Save mine all the same
          </button>
        </div>
      </div>
    );
  }
  if (saving.status === "refused") {
    return (
      <p class="fault" role="alert">
        Not saved: {saving.message}
      </p>
    );
  }
  if (!dirty) {
    const href = dashboardPath(name);
    return (
      <p class="build-note" role="status">
        {saving.status === "saved" ? "Saved." : "As it is saved."}{" "}
        <a class="link" href={href} onClick={(event) => followLink(event, href)}>
          Open the dashboard
        </a>
      </p>
    );
  }
  const metrics =
    unsaved === 0 ? "" : ` with ${unsaved} new or changed ${unsaved === 1 ? "metric" : "metrics"}`;
  return (
    <p class="build-note">
      <code>{name}</code> is not saved yet{metrics}.
      {unsaved > 0 && " New metrics show recent events until then."}
      {on.onDiscard !== undefined && (
        <>
          {" "}
          <button type="button" class="link build-discard" onClick={on.onDiscard}>
            Discard changes
          </button>
        </>
      )}
    </p>
  );
}

/** Of a dashboard that was removed there is nothing to go on with. */
function isGone({ kind, stored }: Conflict): boolean {
  return kind === "dashboards" && stored === undefined;
}
