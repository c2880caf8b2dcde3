import { plainText } from "./plain-text.ts";

/** What somebody else has written, in a direction of its own: what stands beside it stays where it is. */
export function Plain({ text }: { text: string }) {
  return <bdi>{plainText(text)}</bdi>;
}
