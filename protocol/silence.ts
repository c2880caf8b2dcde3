import { LIMITS, utf8Length } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { type Group, parseGroups } from "./series.ts";
import { durationText, parseDuration, parseTimestamp } from "./time.ts";

/** What a silence is about, and why. */
interface SilenceScope {
  /** The rule that tells nobody. */
  alert: string;
  /** Only groups that match one of these; absent: all. */
  groups?: Group[];
  comment: string;
}

/** A silence in force, as `GET /v1/alerts/silences` lists it. Times are epoch ms. */
export interface Silence extends SilenceScope {
  id: string;
  createdAt: number;
  /** From then on the rule tells again, epoch ms. */
  until: number;
}

/** What was asked for. */
export interface SilenceRequest extends SilenceScope {
  /** Epoch ms. */
  untilMs: number;
}

const FIELDS = ["alert", "groups", "until", "for", "comment"];

/** Reads what `POST /v1/alerts/silences` takes at `nowMs`; the message names the field, what it holds and what was expected. */
export function parseSilence(raw: unknown, nowMs: number): Result<SilenceRequest> {
  if (!isObject(raw)) return bad(`the silence is ${describe(raw)}; expected an object`);
  const odd = Object.keys(raw).find((field) => !FIELDS.includes(field));
  if (odd !== undefined) return bad(`unknown field ${describe(odd)}; expected ${FIELDS.join(", ")}`);
  const { alert, groups, comment } = raw;
  if (typeof alert !== "string" || alert === "") {
    return bad(`alert is ${describe(alert)}; expected the name of an alert`);
  }
  const untilMs = endOf(raw, nowMs);
  if (!untilMs.ok) return untilMs;
  if (typeof comment !== "string" || comment.trim() === "") {
    return bad(`comment is ${describe(comment)}; expected why the alert is silenced`);
  }
  if (comment.length > LIMITS.silenceCommentCharacters) {
    return bad(`comment has ${comment.length} characters; the bound is ${LIMITS.silenceCommentCharacters}`);
  }
  const request: SilenceRequest = { alert, untilMs: untilMs.value, comment };
  if (groups === undefined) return ok(request);
  const fault = groupsFault(groups);
  return fault === undefined ? ok({ ...request, groups: groups as Group[] }) : bad(fault);
}

/** `until`, or `for` so long from now. */
function endOf(raw: Record<string, unknown>, nowMs: number): Result<number> {
  const { until, for: length } = raw;
  const most = durationText(LIMITS.silenceMs);
  if ((until === undefined) === (length === undefined)) {
    return bad(
      `${until === undefined ? "neither until nor for is" : "both until and for are"} given; expected one`,
    );
  }
  if (until === undefined) {
    const forMs = parseDuration(length);
    return forMs === undefined || forMs === 0 || forMs > LIMITS.silenceMs
      ? bad(`for is ${describe(length)}; expected a duration such as '2h', at most ${most}`)
      : ok(nowMs + forMs);
  }
  const end = parseTimestamp(until);
  if (!end.ok) return bad(`until is ${describe(until)}; expected epoch milliseconds or ISO 8601`);
  if (end.value <= nowMs) return bad(`until is ${describe(until)}, which is over; it is ${nowMs} now`);
  if (end.value - nowMs > LIMITS.silenceMs) {
    return bad(`until is ${describe(until)}, more than ${most} from now, which is the bound`);
  }
  return end;
}

function groupsFault(raw: unknown): string | undefined {
  const parsed = parseGroups(raw);
  if ("fault" in parsed) return parsed.fault;
  const { groups } = parsed;
  if (groups.length > LIMITS.alertMatchers) {
    return `groups has ${groups.length} entries; the bound is ${LIMITS.alertMatchers}`;
  }
  // A matcher that names nothing matches all.
  const empty = groups.findIndex((group) => Object.keys(group).length === 0);
  if (empty >= 0) return `groups[${empty}] names no key; leave groups out to silence all`;
  const bytes = utf8Length(JSON.stringify(groups));
  if (bytes > LIMITS.silenceGroupsBytes) {
    return `groups has ${bytes} bytes of JSON; the bound is ${LIMITS.silenceGroupsBytes}`;
  }
  return undefined;
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("silence", message);
}
