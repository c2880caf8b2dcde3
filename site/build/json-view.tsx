import { useState } from "preact/hooks";
import { DialogFrame } from "../on-demand/dialog.tsx";
import { type Draft, fileOf } from "./draft.ts";

/** The draft as the file that `freshet apply` takes. */
export function JsonView({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const [copied, setCopied] = useState("");
  const text = fileOf(draft);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied("Copied.");
    } catch {
      setCopied("The browser does not allow it: select the text and copy it.");
    }
  };
  return (
    <DialogFrame title={`${draft.dashboard.name}.json`} onClose={onClose}>
      <p class="field-hint">
        What is saved is exactly this. Kept in a file, it is applied by <code>npx freshet apply</code>.
      </p>
      <pre class="notice-code json" tabIndex={0}>
        <code>{text}</code>
      </pre>
      <div class="editor-actions">
        <button type="button" class="button button-primary" onClick={() => void copy()}>
          Copy
        </button>
        <span class="field-hint" role="status">
          {copied}
        </span>
      </div>
    </DialogFrame>
  );
}
