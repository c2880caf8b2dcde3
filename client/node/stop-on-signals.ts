import { exit } from "node:process";

/** Under npx one Ctrl-C comes up to three times: from the terminal, from npx and from the launcher. */
const SAME_SIGNAL_MS = 500;

/** Aborts at the first SIGINT or SIGTERM, so that what is under way can be finished; one after that ends the process at once. */
export function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let firstMs = 0;
  const stop = () => {
    if (!stopping.signal.aborted) firstMs = Date.now();
    else if (Date.now() - firstMs > SAME_SIGNAL_MS) exit(1);
    stopping.abort();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return stopping.signal;
}
