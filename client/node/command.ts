import type { Readable } from "node:stream";

/** What a command of `freshet` is given by the process that it runs in. */
export interface CommandSurroundings {
  env: Record<string, string | undefined>;
  stdin: Readable;
  /** Standard output. */
  write: (text: string) => void;
  /** Standard error. */
  complain: (text: string) => void;
  /** Aborts when the process is asked to end. */
  signal: AbortSignal;
}

/** A command of `freshet`; gives back the exit code: 0 done, 1 refused or failed, 2 wrong options. */
export type Command = (args: string[], around: CommandSurroundings) => Promise<number>;
