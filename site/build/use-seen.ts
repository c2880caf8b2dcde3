import { useEffect, useState } from "preact/hooks";
import type { SeenAnswer } from "../../protocol/observe.ts";
import { RequestError } from "../api.ts";
import type { Requests } from "./requests.ts";

const AGAIN_MS = 30_000;
/** While nothing has come yet, or the server does not answer. */
const WAITING_MS = 3_000;

/** What the stream holds, looked at again now and then. */
export function useSeen(requests: Requests): { seen: SeenAnswer | undefined; fault: string | undefined } {
  const [outcome, setOutcome] = useState<{ seen?: SeenAnswer; fault?: string }>({});
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout>;
    const look = async (): Promise<void> => {
      let pauseMs = AGAIN_MS;
      try {
        const seen = await requests.seen();
        if (current) setOutcome({ seen });
        if (seen.events.length === 0) pauseMs = WAITING_MS;
      } catch (error) {
        if (!(error instanceof RequestError && error.isRefusal)) pauseMs = WAITING_MS;
        const fault = error instanceof Error ? error.message : String(error);
        // What is known already is not given up.
        if (current) setOutcome((before) => (before.seen === undefined ? { fault } : before));
      }
      if (current) timer = setTimeout(() => void look(), pauseMs);
    };
    void look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [requests]);
  return { seen: outcome.seen, fault: outcome.fault };
}
