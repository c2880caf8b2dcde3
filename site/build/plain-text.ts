/** What cannot be seen, or turns the writing about it about: controls, marks of direction, breaks, spaces without width. */
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b\u2060\ufeff]/gu;

/** Text in which nothing hides: U+202E, say, as `\u202E`. */
export function plainText(text: string): string {
  return text.replaceAll(HIDDEN, escaped);
}

/** The same of indented JSON, whose own line breaks stay: it means what it meant. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split("\n").map(plainText).join("\n");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
