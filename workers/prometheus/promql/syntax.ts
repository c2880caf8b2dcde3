import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { PromqlError } from "./promql-error.ts";

/** Characters of a query: bounds the work on it. */
const MOST_CHARACTERS = 16_384;
/** Expressions inside one another: each takes some stack. */
const MOST_DEPTH = 100;

/**
 * Parses PromQL as Grafana's and Prometheus's own editors do.
 *
 * @throws PromqlError where it is none.
 */
export function parseSyntax(query: string): Tree {
  if (query.length > MOST_CHARACTERS) {
    throw bad(`it has ${query.length} characters; the bound is ${MOST_CHARACTERS}`);
  }
  const tree = parser.parse(query);
  let depth = 0;
  tree.iterate({
    enter(node) {
      if (node.type.isError) throw unexpected(query, node.from);
      if (++depth > MOST_DEPTH) throw bad(`expressions stand more than ${MOST_DEPTH} deep in one another`);
    },
    leave: () => void depth--,
  });
  return tree;
}

/** The children that mean something. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") children.push(child);
  }
  return children;
}

function unexpected(query: string, position: number): PromqlError {
  const before = query.slice(0, position).split("\n");
  const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  const rest = query.slice(position, position + 20).split(/\s/, 1)[0] ?? "";
  return bad(`${place}: unexpected ${rest === "" ? "end of input" : JSON.stringify(rest)}`);
}

/** An error of the query itself. */
export function bad(message: string): PromqlError {
  return new PromqlError("bad_data", `invalid parameter "query": parse error: ${message}`);
}
