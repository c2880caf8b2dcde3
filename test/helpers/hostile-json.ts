const DEPTH = 200_000;

/** JSON that no client sends by mistake. Each is well-formed: what a parser sees once `JSON.parse` is through. */
export const HOSTILE_JSON: readonly [what: string, text: string][] = [
  ["null", "null"],
  ["true", "true"],
  ["zero below zero", "-0"],
  ["a number too large for a double", "1e400"],
  ["a number too small for a double", "1e-400"],
  ["a number of 400 digits", "9".repeat(400)],
  ["an empty string", '""'],
  ["a NUL", '"\\u0000"'],
  ["a lone high surrogate", '"\\ud800"'],
  ["a lone low surrogate", '"\\udc00"'],
  ["surrogates the wrong way round", '"\\udc00\\ud800"'],
  ["a pair of surrogates where a message cuts it off", `"${"x".repeat(75)}😀${"y".repeat(40)}"`],
  ["line separators", '"\\u2028\\u2029\\u0085"'],
  ["a string of a million characters", JSON.stringify("x".repeat(1_000_000))],
  ["an empty array", "[]"],
  ["an empty object", "{}"],
  ["arrays in arrays", "[".repeat(DEPTH) + "]".repeat(DEPTH)],
  ["objects in objects", '{"a":'.repeat(DEPTH) + "1" + "}".repeat(DEPTH)],
  ["__proto__", '{"__proto__":{"name":"e","polluted":true}}'],
  ["constructor", '{"constructor":{"prototype":{"polluted":true}}}'],
  ["the names of Object.prototype", '{"toString":1,"valueOf":2,"hasOwnProperty":3,"toJSON":4,"then":5}'],
  ["the same key twice", '{"name":"a","name":"b","type":"subscribe","type":"x"}'],
  ["keys that are numbers", '{"2":1,"1":2,"-1":3,"1e3":4}'],
  ["an empty key", '{"":1}'],
  ["a lone surrogate as key", '{"\\ud800":1}'],
  ["ten thousand keys", `{${Array.from({ length: 10_000 }, (_, i) => `"k${i}":${i}`).join()}}`],
  ["ten thousand entries", `[${Array.from({ length: 10_000 }, (_, i) => i).join()}]`],
];

/** {@link HOSTILE_JSON}, parsed anew. */
export function hostileValues(): [what: string, value: unknown][] {
  return HOSTILE_JSON.map(([what, text]) => [what, JSON.parse(text) as unknown]);
}

/** Whether something has got into the prototype of all objects. */
export function isPolluted(): boolean {
  return "polluted" in {};
}
