const PREFIX = "#share=";

/** Whether a fragment is a share link's: without a token in it a piece was lost, or it was made up. */
export function isShareLink(hash: string): boolean {
  return hash.startsWith(PREFIX);
}

/** The token that a share link carries in its fragment, where it stays: the link can be copied and opened again. */
export function shareTokenIn(hash: string): string | undefined {
  const token = hash.slice(PREFIX.length);
  return isShareLink(hash) && isShareToken(token) ? token : undefined;
}

/** Whether a key is the token of a share link: a JWT. */
export function isShareToken(key: string | undefined): boolean {
  return key !== undefined && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(key);
}
