// The Worker that tests in test/workerd run in.
import { DurableObject } from "cloudflare:workers";

/** An object with nothing in it: `runInDurableObject` runs there what needs an object's sockets and lifetime. */
export class TestObject extends DurableObject {}

export default {
  fetch: (): Response => new Response("nothing here", { status: 404 }),
};
