import { isObject } from "./result.ts";

/** A field that differs; `undefined` where it is not there. */
export interface ChangedField {
  /** `window.size`, `panels[2].unit` */
  path: string;
  before: unknown;
  after: unknown;
}

/** Where two JSON values differ; the order of an object's fields is no difference. */
export function changedFields(before: unknown, after: unknown, path = ""): ChangedField[] {
  if (isSameJson(before, after)) return [];
  if (isObject(before) && isObject(after)) return changedInObject(before, after, path);
  if (isObjectList(before) && isObjectList(after)) return changedInList(before, after, path);
  return [{ path, before, after }];
}

function changedInObject(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: string,
): ChangedField[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Array.from(fields, (field) =>
    changedFields(own(before, field), own(after, field), path === "" ? field : `${path}.${field}`),
  ).flat();
}

/** Entry by entry, without those that both begin and end with: one that is put in between is then one difference. */
function changedInList(before: unknown[], after: unknown[], path: string): ChangedField[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isSameJson(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && isSameJson(before.at(-1 - end), after.at(-1 - end))) end++;
  const changed: ChangedField[] = [];
  for (let i = start; i < Math.max(before.length, after.length) - end; i++) {
    const was = i < before.length - end ? before[i] : undefined;
    const is = i < after.length - end ? after[i] : undefined;
    changed.push(...changedFields(was, is, `${path}[${i}]`));
  }
  return changed;
}

/** What an object inherits is no field of it: a field may be called `constructor`. */
function own(object: Record<string, unknown>, field: string): unknown {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

function isObjectList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.every(isObject);
}

/** Whether two JSON values are equal, in whatever order the fields of objects stand. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((each, i) => isSameJson(each, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return Object.is(a, b);
  const fields = Object.keys(a);
  return (
    fields.length === Object.keys(b).length &&
    fields.every((field) => Object.hasOwn(b, field) && isSameJson(a[field], b[field]))
  );
}
