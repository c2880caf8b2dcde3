import { useMemo, useState } from "preact/hooks";
import type { MintedShare } from "../../protocol/share.ts";
import { RequestError } from "../api.ts";
import { KeyAsk, ownKey, takeOwnKey } from "../build/own-key.tsx";
import { useStore } from "../hooks.ts";
import { DialogFrame } from "../on-demand/dialog.tsx";
import type { DialogProps } from "../slots.ts";
import { ShareForm, type ShareWish } from "./share-form.tsx";
import { ShareLinks } from "./share-links.tsx";
import { ShareRequests } from "./share-requests.ts";
import { ShareResult } from "./share-result.tsx";
import "../styles/form.css";
import "./share.css";

/** Makes links that show the dashboard, or some of it, to whoever has them; lists and revokes those there are. */
export function ShareDialog({ readKey, catalog, dashboard, onClose }: DialogProps) {
  const key = useStore(ownKey) ?? readKey;
  const requests = useMemo(() => new ShareRequests(key), [key]);
  const [minted, setMinted] = useState<MintedShare>();
  const [refused, setRefused] = useState<{ message: string; wish: ShareWish | undefined }>();
  const [fault, setFault] = useState<string>();

  const run = async (wish: ShareWish, using: ShareRequests): Promise<void> => {
    try {
      setMinted(await using.mint(wish));
      setRefused(undefined);
      setFault(undefined);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.isRefusal) setRefused({ message: error.message, wish });
      else setFault(error.message);
    }
  };
  return (
    <DialogFrame title={`Share ${dashboard?.title ?? "metrics"}`} onClose={onClose}>
      {refused !== undefined ? (
        <KeyAsk
          why="Who makes a link says what others may see: this takes an admin key."
          refusal={ownKey.value === undefined ? undefined : `That key does not do: ${refused.message}`}
          action="Go on"
          onKey={(given) => {
            takeOwnKey(given);
            setRefused(undefined);
            if (refused.wish !== undefined) void run(refused.wish, new ShareRequests(given));
          }}
        />
      ) : minted !== undefined ? (
        <ShareResult minted={minted} onAnother={() => setMinted(undefined)} />
      ) : dashboard === undefined ? (
        <p class="share-note">There is no dashboard to share.</p>
      ) : (
        <>
          <ShareForm
            dashboard={dashboard}
            metrics={catalog.metrics}
            fault={fault}
            onWish={(wish) => void run(wish, requests)}
          />
          <ShareLinks requests={requests} onRefused={(message) => setRefused({ message, wish: undefined })} />
        </>
      )}
    </DialogFrame>
  );
}
