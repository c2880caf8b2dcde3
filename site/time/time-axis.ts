const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Distances that ticks of a time axis may have. */
export const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 30, 60, 90, 180, 365, 730].map((days) => days * DAY_MS),
];

const seconds = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const minutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const days = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

const months = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" });
/** Ticks that far apart may be of several years. */
const MONTHS_FROM_MS = 60 * DAY_MS;

/** A time in the viewer's zone, as fine as ticks that are `stepMs` apart need it. Among hours, a day's first is the day. */
export function formatTime(ms: number, stepMs: number): string {
  if (stepMs >= MONTHS_FROM_MS) return months.format(ms);
  const isDay = stepMs >= HOUR_MS && new Date(ms).getHours() === 0;
  if (stepMs >= DAY_MS || isDay) return days.format(ms);
  return (stepMs < MINUTE_MS ? seconds : minutes).format(ms);
}

/** Formatting is slow, and ticks are the same for a long time: the texts that were last asked for. */
const texts = new Map<string, string>();
const MOST_TEXTS = 500;

/** The same of a tick. */
export function formatTimeTick(ms: number, stepMs: number): string {
  const name = `${stepMs} ${ms}`;
  let text = texts.get(name);
  if (text === undefined) {
    if (texts.size > MOST_TEXTS) texts.clear();
    texts.set(name, (text = formatTime(ms, stepMs)));
  }
  return text;
}

/** A time with its day and seconds. */
export function formatMoment(ms: number): string {
  return `${days.format(ms)}, ${seconds.format(ms)}`;
}

/** A point's time to the second; with its day where that is not today. */
export function formatPointTime(ms: number): string {
  return days.format(ms) === days.format(Date.now()) ? seconds.format(ms) : formatMoment(ms);
}
