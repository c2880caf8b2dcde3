const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const BLOCK_HEADER_BYTES = 3;
const REPEATED_BYTE = 1;

/**
 * How many bytes the Zstandard frame at `at` takes: its header, its blocks and perhaps a checksum (RFC 8878, section 3.1).
 *
 * @throws RangeError where there is no whole frame.
 */
export function frameLength(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at, true) !== MAGIC) throw new RangeError(`no Zstandard frame begins at byte ${at}`);
  const descriptor = view.getUint8(at + 4);
  let end = at + 5 + fieldsBytes(descriptor);
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(end, true) | (view.getUint8(end + 2) << 16);
    isLast = (header & 1) === 1;
    const isRepeated = ((header >> 1) & 3) === REPEATED_BYTE;
    end += BLOCK_HEADER_BYTES + (isRepeated ? 1 : header >> 3);
  }
  if ((descriptor & 4) !== 0) end += 4;
  if (end > bytes.length)
    throw new RangeError(`the frame at byte ${at} ends at ${end} of ${bytes.length} bytes`);
  return end - at;
}

/** Bytes of the frame's header that follow its descriptor. */
function fieldsBytes(descriptor: number): number {
  const isSingleSegment = ((descriptor >> 5) & 1) === 1;
  const sizeFlag = descriptor >> 6;
  const windowBytes = isSingleSegment ? 0 : 1;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
  return windowBytes + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + sizeBytes;
}
