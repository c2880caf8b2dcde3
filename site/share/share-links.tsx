import { useEffect, useState } from "preact/hooks";
import type { ShareLink } from "../../protocol/share.ts";
import { announce } from "../announce.tsx";
import { RequestError } from "../api.ts";
import { groupText } from "../on-demand/group-text.ts";
import { formatMoment } from "../time/time-axis.ts";
import type { ShareRequests } from "./share-requests.ts";

interface ShareLinksProps {
  requests: ShareRequests;
  /** Another key is needed. */
  onRefused: (message: string) => void;
}

/** The links that there are, once they are asked for: listing them takes an admin key. */
export function ShareLinks({ requests, onRefused }: ShareLinksProps) {
  const [links, setLinks] = useState<ShareLink[]>();
  const [fault, setFault] = useState<string>();
  const attempt = async (act: () => Promise<void>, isAsked: boolean): Promise<void> => {
    try {
      await act();
      setFault(undefined);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (!error.isRefusal) setFault(error.message);
      else if (isAsked) onRefused(error.message);
    }
  };
  const load = async (): Promise<void> => setLinks(await requests.links());
  // With a key that may, they are there at once; without one, nobody is asked for a key before he wants them.
  useEffect(() => void attempt(load, false), [requests]);
  const revoke = async ({ id }: ShareLink): Promise<void> => {
    await requests.revoke(id);
    announce("The link shows nothing any more.");
    await load();
  };
  return (
    <section class="share-links" aria-labelledby="share-links">
      <h3 class="share-title" id="share-links">
        Links
      </h3>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {links === undefined ? (
        <button type="button" class="button" onClick={() => void attempt(load, true)}>
          List the links that there are
        </button>
      ) : links.length === 0 ? (
        <p class="share-note">There are none.</p>
      ) : (
        <ul>
          {links.map((link) => (
            <li key={link.id} class="share-link">
              <span class="share-what">
                <b>{link.dashboard ?? "Metrics"}</b> {describeLink(link)}
              </span>
              <button
                type="button"
                class="button"
                aria-label={`Revoke the link to ${link.dashboard ?? link.metrics.join(", ")} of ${formatMoment(link.createdAt)}`}
                onClick={() => void attempt(() => revoke(link), true)}
              >
                Revoke
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function describeLink({ metrics, groups, createdAt, expiresAt }: ShareLink): string {
  const what = metrics.length === 1 ? (metrics[0] ?? "") : `${metrics.length} metrics`;
  const which = groups === undefined ? "" : `, ${groups.map(groupText).join(" or ")}`;
  return `${what}${which}: made ${formatMoment(createdAt)}, until ${formatMoment(expiresAt)}`;
}
