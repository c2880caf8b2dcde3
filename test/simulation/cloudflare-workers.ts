/** What the Durable Object classes need of the module `cloudflare:workers`, for simulations in Node. */
export class DurableObject<Context = object, Env = object> {
  readonly ctx: Context;
  readonly env: Env;

  constructor(ctx: Context, env: Env) {
    this.ctx = ctx;
    this.env = env;
  }
}
