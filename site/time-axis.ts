const DAY_MS = 86_400_000;
const seconds = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const minutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const days = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** A time of day in the viewer's zone, as fine as ticks that are `stepMs` apart need it. */
export function formatTime(ms: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return days.format(ms);
  return (stepMs < 60_000 ? seconds : minutes).format(ms);
}
