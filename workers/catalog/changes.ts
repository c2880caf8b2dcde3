import type { Context } from "hono";
import type {
  CatalogChange,
  DefinitionKind,
  RefusedChange,
} from "../../durable-objects/catalog/catalog-definitions.ts";
import { catalogOf, settingsOf } from "../../durable-objects/env.ts";
import { entityTag } from "../../durable-objects/catalog/precondition.ts";
import type { CatalogChangeRequest } from "../../protocol/catalog-change.ts";
import { LIMITS, utf8Length } from "../../protocol/limits.ts";
import { describe, isObject } from "../../protocol/result.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { readBody } from "../ingest/read-body.ts";
import { preconditionIn, wantedText } from "./conditional.ts";
import { parseSource } from "./parse-source.ts";
import { confirmed, refusedError } from "./refused.ts";

const KINDS: readonly DefinitionKind[] = ["metrics", "dashboards", "alerts"];
const FIELDS = ["kind", "name", "put", "delete", "ifMatch", "ifNoneMatch"];

interface AskedChange {
  change: CatalogChange;
  asked: CatalogChangeRequest;
}

/**
 * `POST /v1/catalog/changes`: several definitions that are stored and deleted together or, where one is refused, not at
 * all. What is refused is named in `change`.
 */
export async function postChanges(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const listed = await listedIn(c);
  const seen = new Set<string>();
  const changes = listed.map((raw, index) => {
    const each = parseChange(c, raw, index);
    const key = `${each.change.kind}/${each.change.name}`;
    if (seen.has(key)) throw invalid(index, `names ${key} again; expected each definition once`);
    seen.add(key);
    return each;
  });
  const refused = await confirmed(
    () =>
      catalogOf(c.env).change(
        project,
        changes.map(({ change }) => change),
      ) as Promise<RefusedChange | undefined>,
  );
  if (refused !== undefined) return refusedAnswer(changes, refused);
  return c.json({
    changes: changes.map(({ change: { kind, name, source } }) =>
      source === undefined ? { kind, name } : { kind, name, put: source, etag: `"${entityTag(source)}"` },
    ),
  });
}

async function listedIn(c: Context<App>): Promise<unknown[]> {
  const { text } = await readBody(c.req.raw);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new HttpError(400, "malformed", "the body is not JSON");
  }
  const changes = isObject(body) ? body["changes"] : undefined;
  if (!Array.isArray(changes) || changes.length === 0) {
    throw new HttpError(400, "invalid", `changes is ${describe(changes)}; expected a list of changes`);
  }
  if (changes.length <= LIMITS.catalogChanges) return changes as unknown[];
  const message = `there are ${changes.length} changes; the bound is ${LIMITS.catalogChanges}`;
  throw new HttpError(413, "too_large", message);
}

function parseChange(c: Context<App>, raw: unknown, index: number): AskedChange {
  if (!isObject(raw)) throw invalid(index, `is ${describe(raw)}; expected an object`);
  const odd = Object.keys(raw).find((field) => !FIELDS.includes(field));
  if (odd !== undefined)
    throw invalid(index, `has the field ${describe(odd)}; expected ${FIELDS.join(", ")}`);
  const { kind, name, put, ifMatch, ifNoneMatch } = raw;
  if (!KINDS.includes(kind as DefinitionKind)) {
    throw invalid(index, `kind is ${describe(kind)}; expected one of ${KINDS.join(", ")}`);
  }
  if (typeof name !== "string") throw invalid(index, `name is ${describe(name)}; expected a string`);
  for (const [field, value] of Object.entries({ ifMatch, ifNoneMatch })) {
    if (value !== undefined && typeof value !== "string") {
      throw invalid(index, `${field} is ${describe(value)}; expected a string`);
    }
  }
  if ((put === undefined) !== (raw["delete"] === true)) {
    throw invalid(
      index,
      `has ${put === undefined ? "neither put nor" : "both put and"} delete; expected one`,
    );
  }
  const asked = raw as unknown as CatalogChangeRequest;
  const precondition = preconditionIn(asked.ifMatch, asked.ifNoneMatch);
  const about = { kind: kind as DefinitionKind, name };
  if (put === undefined) return { asked, change: { ...about, precondition } };
  const bytes = utf8Length(JSON.stringify(put));
  if (bytes > LIMITS.definitionBytes) {
    const message = `has a definition of ${bytes} bytes; the bound is ${LIMITS.definitionBytes}`;
    throw new HttpError(413, "too_large", `changes[${index}] ${message}`);
  }
  const parsed = parseSource(about.kind, name, put, settingsOf(c.env).allowPrivateWebhooks);
  if (!parsed.ok) throw new HttpError(400, "invalid", parsed.message, {}, { change: { ...about, index } });
  return { asked, change: { ...parsed.value, precondition } };
}

function refusedAnswer(changes: readonly AskedChange[], { index, refusal }: RefusedChange): Response {
  const each = changes[index];
  if (each === undefined) throw new Error(`there is no change ${index}`);
  const { kind, name } = each.change;
  const wanted = wantedText(each.asked.ifMatch);
  const { status, code, message, headers } = refusedError({ kind, name, refusal, wanted });
  return new HttpError(status, code, message, headers, { change: { kind, name, index } }).toResponse();
}

function invalid(index: number, message: string): HttpError {
  return new HttpError(400, "invalid", `changes[${index}] ${message}`);
}
