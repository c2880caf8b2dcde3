import { useEffect, useState } from "preact/hooks";
import type { SeenAnswer } from "../../protocol/observe.ts";
import { RequestError } from "../api.ts";
import type { Requests } from "./requests.ts";

const AGAIN_MS = 30_000;
/** While nothing has come yet, or the server does not answer. */
const WAITING_MS = 3_000;

interface Outcome {
  seen?: SeenAnswer;
  fault?: string;
  /** Whose key may not look. */
  refused?: Requests;
}

interface Seen {
  seen: SeenAnswer | undefined;
  fault: string | undefined;
  /** The key at hand may not look, or not any more. */
  isRefused: boolean;
}

/** What the stream holds, looked at again now and then. */
export function useSeen(requests: Requests): Seen {
  const [{ seen, fault, refused }, setOutcome] = useState<Outcome>({});
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
        if (current) setOutcome((before) => failed(before, error, requests));
        if (!isRefusal(error)) pauseMs = WAITING_MS;
      }
      if (current) timer = setTimeout(() => void look(), pauseMs);
    };
    void look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [requests]);
  return { seen, fault, isRefused: refused === requests };
}

/** What is known already is not given up. */
function failed({ seen }: Outcome, error: unknown, requests: Requests): Outcome {
  const refused = isRefusal(error) ? { refused: requests } : {};
  if (seen !== undefined) return { seen, ...refused };
  return { fault: error instanceof Error ? error.message : String(error), ...refused };
}

function isRefusal(error: unknown): boolean {
  return error instanceof RequestError && error.isRefusal;
}
