import { isPrivateAddress } from "../alerts/webhook-address.ts";
import { retryAfterMs } from "./remote-write.ts";

const TIMEOUT_MS = 10_000;

/** What became of a delivery: whatever was not taken is repeated. */
export type DeliveryOutcome =
  | { type: "delivered" }
  | { type: "failed"; reason: string; retryAfterMs: number };

/** Something to deliver. */
export interface Delivery {
  url: string;
  /** The same in every repeat. */
  id: string;
  body: string;
  /** It is signed with each: after a change, receivers may know the new one or the one before. */
  secrets: readonly string[];
}

export interface WebhookClientOptions {
  allowPrivate: boolean;
  timeoutMs?: number;
}

/** Posts signed JSON as Standard Webhooks 1.0.0 says (https://www.standardwebhooks.com). Follows no redirect. */
export class WebhookClient {
  readonly #options: WebhookClientOptions;

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  async post({ url, id, body, secrets }: Delivery): Promise<DeliveryOutcome> {
    const { allowPrivate, timeoutMs = TIMEOUT_MS } = this.#options;
    // The rule was checked when it was put; what is allowed may be another by now.
    if (!allowPrivate && isPrivateAddress(url)) return failed("private_address");
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": "freshet",
          ...(await signatureHeaders(id, Math.floor(Date.now() / 1_000), body, secrets)),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      if (response.ok) return { type: "delivered" };
      const waitMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
      return failed(`status_${response.status}`, waitMs);
    } catch (error) {
      return failed(error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable");
    }
  }
}

/**
 * The headers of a delivery: HMAC-SHA256 over `id.timestamp.body`, in Base64, once for each secret.
 *
 * @param timestampS when it is sent, epoch seconds: receivers refuse what is older than some minutes.
 */
export async function signatureHeaders(
  id: string,
  timestampS: number,
  body: string,
  secrets: readonly string[],
): Promise<Record<string, string>> {
  const signed = new TextEncoder().encode(`${id}.${timestampS}.${body}`);
  const signatures = await Promise.all(secrets.map((secret) => signature(secret, signed)));
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": signatures.map((text) => `v1,${text}`).join(" "),
  };
}

async function signature(secret: string, signed: Uint8Array): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (char) => char.charCodeAt(0));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, signed);
  return btoa(String.fromCharCode(...new Uint8Array(mac)));
}

/** A new secret: 32 random bytes, written as Standard Webhooks writes them. */
export function newWebhookSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}

function failed(reason: string, retryAfterMs = 0): DeliveryOutcome {
  return { type: "failed", reason, retryAfterMs };
}
