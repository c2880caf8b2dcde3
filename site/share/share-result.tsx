import type { MintedShare } from "../../protocol/share.ts";
import { CopyField } from "../on-demand/copy-field.tsx";
import { formatMoment } from "../time/time-axis.ts";

/** A link that was just made, and how to put it into another page. */
export function ShareResult({ minted, onAnother }: { minted: MintedShare; onAnother: () => void }) {
  const { link, expiresAt } = minted;
  return (
    <div class="share-form">
      <p class="share-note">
        Whoever has this link sees what it shows until {formatMoment(expiresAt)}, and may do nothing else. It
        is told once: copy it now.
      </p>
      <CopyField label="Link" text={link} />
      <CopyField label="For another page" text={frameOf(link)} />
      <button type="button" class="button share-again" onClick={onAnother}>
        Back to links
      </button>
    </div>
  );
}

/** A frame with the panels and nothing around them. */
function frameOf(link: string): string {
  const url = new URL(link);
  url.searchParams.set("embed", "1");
  return `<iframe src="${url.href}" title="Freshet" width="100%" height="640" style="border:0"></iframe>`;
}
