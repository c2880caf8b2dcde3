/** What the tail is held to; "": nothing. */
export interface TailFilters {
  event: string;
  where: string;
}

const FIELDS = ["event", "where"] as const;

/** The filters that follow the view's name in the fragment: `event=ad_click`, `where=value > 10`. */
export function filtersIn(rest: readonly string[]): TailFilters {
  const valueOf = (field: string): string => {
    return rest.find((part) => part.startsWith(`${field}=`))?.slice(field.length + 1) ?? "";
  };
  return { event: valueOf("event"), where: valueOf("where") };
}

/** The fragment of the tail with these filters. */
export function tailHref(filters: TailFilters): string {
  const parts = FIELDS.filter((field) => filters[field] !== "").map((field) => {
    return `/${field}=${encodeURIComponent(filters[field].toWellFormed())}`;
  });
  return `#/stream/tail${parts.join("")}`;
}
