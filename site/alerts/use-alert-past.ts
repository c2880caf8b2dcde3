import { useEffect, useRef, useState } from "preact/hooks";
import type { AlertsAnswer } from "../../protocol/alert.ts";
import { RequestError } from "../api.ts";
import { type AlertPast, withNewest, withOlder } from "./alert-past.ts";
import type { AlertRequests } from "./alert-requests.ts";

const PAGE = 100;
/** A page may hold nothing but what is shown already: what has been firing since long before. */
const MOST_PAGES = 20;

/** What fired, and how to look further back. */
export function useAlertPast(standing: AlertsAnswer | undefined, requests: AlertRequests) {
  const [past, setPast] = useState<AlertPast>();
  const [isLoading, setLoading] = useState(false);
  const [fault, setFault] = useState<string>();
  const newest = useRef(standing);
  useEffect(() => {
    newest.current = standing;
    if (standing !== undefined) setPast((before) => withNewest(before, standing));
  }, [standing]);

  /** Shows a page more. @returns how many those are; undefined: it could not be had. */
  const showOlder = async (): Promise<number | undefined> => {
    if (past === undefined) return undefined;
    setLoading(true);
    setFault(undefined);
    try {
      const next = await further(past, requests);
      // Meanwhile the newest have been asked for again.
      setPast(newest.current === undefined ? next : withNewest(next, newest.current));
      return next.episodes.length - past.episodes.length;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setFault(error.message);
      return undefined;
    } finally {
      setLoading(false);
    }
  };
  return { past, isLoading, fault, showOlder };
}

async function further(past: AlertPast, requests: AlertRequests): Promise<AlertPast> {
  let next = past;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const question = next.older;
    if (question === undefined || next.episodes.length > past.episodes.length) break;
    next = withOlder(next, question, await requests.standing({ from: 0, limit: PAGE, ...question }));
  }
  return next;
}
