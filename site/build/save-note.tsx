import type { Dashboard } from "../../protocol/dashboard.ts";
import { dashboardPath, followLink } from "../route.ts";
import type { SaveOutcome } from "./save.ts";

/** How saving goes. */
export type Saving = { status: "no" } | { status: "going" } | SaveOutcome;

interface SaveNoteProps {
  saving: Saving;
  unsaved: number;
  dirty: boolean;
  name: string;
  /** Saves over what somebody else has saved. */
  onOverwrite: (stored: Dashboard | undefined) => void;
}

/** Whether the draft is saved, or why not. */
export function SaveNote({ saving, unsaved, dirty, name, onOverwrite }: SaveNoteProps) {
  if (saving.status === "changed") {
    const what = saving.stored === undefined ? "removed" : "changed or made";
    return (
      <div class="build-changed" role="alert">
        <p class="fault">
          Not saved: <code>{name}</code> was {what} by somebody else meanwhile.
        </p>
        <button type="button" class="button" onClick={() => onOverwrite(saving.stored)}>
          Save mine all the same
        </button>
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
      <code>{name}</code> is not saved yet{metrics}. New metrics show recent events until then.
    </p>
  );
}
