import type { Group } from "../../protocol/series.ts";
import type { Silence } from "../../protocol/silence.ts";
import { groupsText, parseGroups } from "../on-demand/group-text.ts";

/** How long, as `POST /v1/alerts/silences` takes it; the last one is a time of one's own. */
export const UNTIL_TIME = "until";
export const LENGTHS = [
  { value: "30m", label: "30 minutes" },
  { value: "1h", label: "1 hour" },
  { value: "2h", label: "2 hours" },
  { value: "4h", label: "4 hours" },
  { value: "8h", label: "8 hours" },
  { value: "1d", label: "1 day" },
  { value: "3d", label: "3 days" },
  { value: "7d", label: "7 days" },
  { value: UNTIL_TIME, label: "Until a time …" },
] as const;

/** What is to be silenced. */
export interface SilenceTarget {
  alert: string;
  groups?: Group[];
}

/** A silence as it is being written: all text. */
export interface SilenceForm {
  length: string;
  /** A time of the visitor's zone, as `datetime-local` writes it. */
  until: string;
  groups: string;
  comment: string;
}

/** What is asked of the server. */
export interface SilenceWish extends SilenceTarget {
  for?: string;
  /** ISO 8601. */
  until?: string;
  comment: string;
}

/** A form for a target; what a silence of the same groups says already is kept. */
export function silenceFormOf({ groups }: SilenceTarget, known: Silence | undefined): SilenceForm {
  return { length: "2h", until: "", groups: groupsText(groups), comment: known?.comment ?? "" };
}

/** The silence of these groups that is in force. */
export function knownSilence(
  { alert, groups }: SilenceTarget,
  silences: readonly Silence[],
): Silence | undefined {
  return silences.find(
    (each) => each.alert === alert && JSON.stringify(each.groups) === JSON.stringify(groups),
  );
}

/** What a form asks for, or what is wrong with its groups or its time: all else the server judges. */
export function silenceWishOf(
  alert: string,
  { length, until, groups: text, comment }: SilenceForm,
): { wish: SilenceWish; groupsFault?: string | undefined; untilFault?: string } {
  const { groups, fault: groupsFault } = parseGroups(text);
  const wish: SilenceWish = { alert, comment: comment.trim(), ...(groups === undefined ? {} : { groups }) };
  if (length !== UNTIL_TIME) return { wish: { ...wish, for: length }, groupsFault };
  const untilMs = Date.parse(until);
  if (Number.isNaN(untilMs)) return { wish, groupsFault, untilFault: "Choose a day and a time." };
  return { wish: { ...wish, until: new Date(untilMs).toISOString() }, groupsFault };
}
