import type { Context } from "hono";
import type {
  DefinitionKind,
  Refusal,
  RefusedChange,
} from "../../durable-objects/catalog/catalog-definitions.ts";
import { catalogOf, settingsOf } from "../../durable-objects/env.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
import { preconditionOf, wantedText } from "./conditional.ts";
import { parseSource } from "./parse-source.ts";
import { confirmed, refusedError } from "./refused.ts";

type Named = Context<App, "/:name">;

/** `PUT /v1/catalog/{kind}/{name}`: stores a definition. */
export async function putDefinition(c: Named, kind: DefinitionKind): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const name = c.req.param("name");
  const parsed = parseSource(kind, name, await jsonBody(c), settingsOf(c.env).allowPrivateWebhooks);
  if (!parsed.ok) throw new HttpError(400, "invalid", parsed.message);
  const change = { ...parsed.value, precondition: preconditionOf(c) };
  const refused = await confirmed(
    () => catalogOf(c.env).change(project, [change]) as Promise<RefusedChange | undefined>,
  );
  if (refused !== undefined) throw refusedTo(c, kind, refused.refusal);
  return c.json(parsed.value.source);
}

/** `DELETE /v1/catalog/{kind}/{name}`: removes a definition. */
export async function deleteDefinition(c: Named, kind: DefinitionKind): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const name = c.req.param("name");
  const precondition = preconditionOf(c);
  const removed = await confirmed(
    () => catalogOf(c.env).remove(project, kind, name, precondition) as Promise<boolean | Refusal>,
  );
  if (removed === true) return c.body(null, 204);
  const what = kind.slice(0, -1);
  if (removed === false) throw new HttpError(404, `unknown_${what}`, `there is no ${what} '${name}'`);
  throw refusedTo(c, kind, removed);
}

function refusedTo(c: Named, kind: DefinitionKind, refusal: Refusal): HttpError {
  const wanted = wantedText(c.req.header("if-match"));
  return refusedError({ kind, name: c.req.param("name"), refusal, wanted });
}
