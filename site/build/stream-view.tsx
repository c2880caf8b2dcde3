import { RequestError } from "../api.ts";
import { KeyAsk, ownKey, takeOwnKey } from "./own-key.tsx";
import type { Requests } from "./requests.ts";

/** What every view of the stream is given. */
export interface StreamViewProps {
  requests: Requests;
  /** What follows the view's name in the fragment. */
  rest: readonly string[];
}

/** What a view shows in the place of what it could not get: a refused key is asked for anew. */
export function StreamFault({ error }: { error: Error }) {
  if (!(error instanceof RequestError) || !error.isRefusal) {
    return (
      <p class="fault" role="alert">
        {error.message}
      </p>
    );
  }
  return (
    <KeyAsk
      title="Raw events need a key of your own"
      why="They hold whatever was sent, users and ids too, so that the key of a public dashboard does not show them. A read or an admin key does."
      refusal={ownKey.value === undefined ? undefined : `That key does not do: ${error.message}`}
      action="Show"
      onKey={takeOwnKey}
    />
  );
}
