/** Kinds of errors of the Prometheus API: what cannot be read, and what is read but not answered. */
export type PromqlErrorType = "bad_data" | "execution";

/** Why there is no answer to a query. */
export class PromqlError extends Error {
  override name = "PromqlError";
  readonly type: PromqlErrorType;

  constructor(type: PromqlErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** The query is PromQL, but not of the part that is answered here. */
export function unsupported(what: string): PromqlError {
  return new PromqlError(
    "execution",
    `${what} not supported without a hot store: set TSDB_QUERY_URL, or use selectors, offset, ` +
      "rate, increase, {sum,avg,min,max,count,last}_over_time, {sum,avg,min,max,count} by and without, and arithmetic with numbers",
  );
}
