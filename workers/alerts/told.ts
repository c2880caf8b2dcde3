import { unavailable } from "../http-error.ts";

/** A change of rules or silences counts once every window object knows of it; the same request again is safe. */
export async function told<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch {
    const message = "the change is stored, but not every window object could be told; repeat the request";
    throw unavailable(message, 1_000);
  }
}
