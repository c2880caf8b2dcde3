import { projectOf } from "../engine/placement.ts";

/** Hubs that one hub passes frames on to. */
const CHILDREN = 16;

/** The hub of a project by its number. A project's first takes all sockets until it is full; its name is the project's. */
export function hubName(project: string, index: number): string {
  return index === 0 ? project : `${project}/${index}`;
}

/** The hub that a hub gets its frames from; undefined: it gets them from the window object. */
export function parentOf(name: string): string | undefined {
  const index = Number(name.split("/")[1] ?? 0);
  return index === 0 ? undefined : hubName(projectOf(name), Math.floor((index - 1) / CHILDREN));
}

/** The hub that takes sockets when this one is full. */
export function nextHub(name: string): string {
  return hubName(projectOf(name), Number(name.split("/")[1] ?? 0) + 1);
}
