import type { ContentfulStatusCode } from "hono/utils/http-status";

/** An answer that is not the wanted one: a stable code for programs and a sentence for people. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly headers: Record<string, string>;
  /** Further fields of the answer, for programs. */
  readonly details: object;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    headers: Record<string, string> = {},
    details: object = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.details = details;
  }

  toResponse(): Response {
    return Response.json(
      { error: this.code, message: this.message, ...this.details },
      { status: this.status, headers: this.headers },
    );
  }
}

/** The answer to whatever was thrown; what is not an {@link HttpError} shows nothing of itself to the peer. */
export function errorResponse(error: unknown): Response {
  if (error instanceof HttpError) return error.toResponse();
  // eslint-disable-next-line no-console -- the only trace that an unforeseen failure leaves.
  console.error(error);
  const message = "something failed on our side; the request may be repeated";
  return new HttpError(500, "internal", message).toResponse();
}

/** The log or an object is away: come back in `retryAfterMs`. */
export function unavailable(message: string, retryAfterMs: number): HttpError {
  return new HttpError(503, "unavailable", message, {
    "retry-after": String(Math.ceil(retryAfterMs / 1_000)),
  });
}
