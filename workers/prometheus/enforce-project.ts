import type { SyntaxNode } from "@lezer/common";
import { PROJECT_LABEL } from "../../protocol/prometheus-names.ts";
import { quote, unquote } from "./promql/literals.ts";
import { PromqlError } from "./promql/promql-error.ts";
import { childrenOf, parseSyntax } from "./promql/syntax.ts";

interface Edit {
  from: number;
  to: number;
  text: string;
}

/**
 * A query that sees one project's series only: every selector demands its label. Strings are written anew and comments
 * left out, so that the store cannot read them otherwise than we do.
 *
 * @throws PromqlError where the query is none, or could see more than its selectors say.
 */
export function restrictToProject(query: string, project: string): string {
  const edits: Edit[] = [];
  parseSyntax(query).iterate({
    enter({ node, name, from, to }) {
      const text = query.slice(from, to);
      if (name === "StringLiteral") edits.push({ from, to, text: quote(unquote(text)) });
      else if (name === "LineComment") edits.push({ from, to, text: " " });
      else if (name === "VectorSelector") edits.push(demand(node, project));
      else if (name === "FunctionIdentifier" && text.toLowerCase() === "info") {
        throw new PromqlError(
          "execution",
          "the function info is not allowed: it reads series that the query does not name",
        );
      }
    },
  });
  const restricted = applyEdits(query, edits);
  checkRestricted(restricted, project);
  return restricted;
}

function demand(selector: SyntaxNode, project: string): Edit {
  const matcher = `${PROJECT_LABEL}=${quote(project)}`;
  const matchers = childrenOf(selector).find(({ name }) => name === "LabelMatchers");
  if (matchers === undefined) return { from: selector.to, to: selector.to, text: `{${matcher}}` };
  const at = matchers.from + 1;
  return { from: at, to: at, text: childrenOf(matchers).length === 0 ? matcher : `${matcher},` };
}

function applyEdits(query: string, edits: Edit[]): string {
  let edited = "";
  let done = 0;
  for (const { from, to, text } of edits.sort((a, b) => a.from - b.from || a.to - b.to)) {
    edited += query.slice(done, from) + text;
    done = to;
  }
  return edited + query.slice(done);
}

/** What is sent must itself be PromQL in which every selector has the demand. */
function checkRestricted(query: string, project: string): void {
  const wanted = `${PROJECT_LABEL}=${quote(project)}`;
  parseSyntax(query).iterate({
    enter({ node, name }) {
      if (name !== "VectorSelector") return;
      const matchers = childrenOf(node).flatMap((child) =>
        child.name === "LabelMatchers" ? childrenOf(child) : [],
      );
      if (matchers.some(({ from, to }) => query.slice(from, to) === wanted)) return;
      throw new PromqlError("execution", "the query could not be restricted to the key's project");
    },
  });
}
