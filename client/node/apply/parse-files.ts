import { describe, isObject } from "../../../protocol/result.ts";
import { type Definition, keyOf, parseDefinition, type Shelf } from "./definition.ts";

export interface DefinitionFile {
  path: string;
  text: string;
}

/** A definition of a file. */
export interface FileDefinition extends Definition {
  /** Where it stands: `ads.json: metrics[2] "clicks"`. */
  at: string;
}

/** What files define; each fault a sentence that begins with its place. */
export interface ParsedFiles {
  definitions: FileDefinition[];
  faults: string[];
}

interface Found {
  shelf: Shelf;
  raw: unknown;
  at: string;
}

const SHELVES = ["metrics", "dashboards", "alerts"] as const;

/** Reads definitions: one a file, an array, or `{"metrics":[…],"dashboards":[…],"alerts":[…]}`. All faults are found, not the first. */
export function parseFiles(files: readonly DefinitionFile[]): ParsedFiles {
  const parsed: ParsedFiles = { definitions: [], faults: [] };
  for (const file of files) {
    const found = foundIn(file);
    if (typeof found === "string") parsed.faults.push(found);
    else for (const one of found) addTo(parsed, one);
  }
  parsed.faults.push(...namesTwice(parsed.definitions));
  return parsed;
}

function foundIn({ path, text }: DefinitionFile): Found[] | string {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return `${path}: not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (Array.isArray(raw)) return raw.map((one: unknown, i) => found(shelfOf(one), one, `${path}: [${i}]`));
  if (!isObject(raw)) {
    return `${path}: it holds ${describe(raw)}; expected a definition, an array, or {"metrics":[…],"dashboards":[…],"alerts":[…]}`;
  }
  if (isBundle(raw)) return ofBundle(path, raw);
  return [found(shelfOf(raw), raw, `${path}:`)];
}

/** What a definition is for: a dashboard alone has panels, an alert a condition. */
function shelfOf(raw: unknown): Shelf {
  if (!isObject(raw)) return "metrics";
  return "panels" in raw ? "dashboards" : "condition" in raw ? "alerts" : "metrics";
}

function isBundle(raw: Record<string, unknown>): boolean {
  return !("name" in raw) && SHELVES.some((shelf) => shelf in raw);
}

function ofBundle(path: string, raw: Record<string, unknown>): Found[] | string {
  const odd = Object.keys(raw).find((field) => !SHELVES.some((shelf) => shelf === field));
  if (odd !== undefined) {
    return `${path}: unknown field ${describe(odd)}; expected metrics (views are among them), dashboards and alerts`;
  }
  const all: Found[] = [];
  for (const shelf of SHELVES) {
    const list = raw[shelf] ?? [];
    if (!Array.isArray(list)) return `${path}: ${shelf} is ${describe(list)}; expected a list`;
    all.push(...list.map((one: unknown, i) => found(shelf, one, `${path}: ${shelf}[${i}]`)));
  }
  return all;
}

function found(shelf: Shelf, raw: unknown, at: string): Found {
  const named = isObject(raw) && typeof raw["name"] === "string";
  return { shelf, raw, at: named ? `${at} ${describe(raw["name"])}` : at };
}

function addTo({ definitions, faults }: ParsedFiles, { shelf, raw, at }: Found): void {
  const parsed = parseDefinition(shelf, raw);
  if (parsed.ok) definitions.push({ ...parsed.value, at });
  else faults.push(`${at.replace(/:$/, "")}: ${parsed.message}`);
}

function namesTwice(definitions: readonly FileDefinition[]): string[] {
  const first = new Map<string, FileDefinition>();
  const faults: string[] = [];
  for (const definition of definitions) {
    const earlier = first.get(keyOf(definition));
    if (earlier === undefined) first.set(keyOf(definition), definition);
    else faults.push(`${definition.at}: the name is given twice, first at ${earlier.at}`);
  }
  return faults;
}
