// The Worker that tests in test/workerd run in: the real one, and an object to run things in.
import { DurableObject } from "cloudflare:workers";

export * from "../../workers/edge.ts";
export { default } from "../../workers/edge.ts";

/** An object with nothing in it: `runInDurableObject` runs there what needs an object's sockets and lifetime. */
export class TestObject extends DurableObject {}
