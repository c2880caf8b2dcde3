import { LIMITS } from "../../protocol/limits.ts";
import { HttpError } from "../http-error.ts";

const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * Reads a request's body as text, unpacking gzip by its first bytes, whatever the headers say.
 *
 * @returns the text, and whether it is all ASCII.
 * @throws HttpError 413 beyond {@link LIMITS}, 400 for a broken gzip stream or what is not UTF-8.
 */
export async function readBody(request: Request): Promise<{ text: string; isAscii: boolean }> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > LIMITS.bodyBytes) throw tooLarge("the body", announced, LIMITS.bodyBytes);
  let bytes = await readBytes(request);
  if (bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1]) bytes = await gunzip(bytes);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    return { text, isAscii: text.length === bytes.length };
  } catch {
    throw new HttpError(400, "malformed", "the body is not UTF-8");
  }
}

/** A body of announced length is read in one go: piece by piece, 170 kB cost as much as parsing them. */
async function readBytes(request: Request): Promise<Uint8Array> {
  if (request.headers.has("content-length")) return new Uint8Array(await request.arrayBuffer());
  return readAll(request.body, LIMITS.bodyBytes, "the body");
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return await readAll(stream, LIMITS.decompressedBytes, "the unpacked body");
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, "malformed", "the body's gzip stream is broken or cut short");
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array> | null,
  bound: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.length;
    if (length > bound) throw tooLarge(what, length, bound);
    chunks.push(chunk);
  }
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function tooLarge(what: string, bytes: number, bound: number): HttpError {
  return new HttpError(413, "too_large", `${what} has ${bytes} bytes or more; the bound is ${bound}`);
}
