import { Hono } from "hono";
import type { App } from "../authorize.ts";
import { getQuality } from "./quality.ts";
import { getSeen } from "./seen.ts";
import { getTail } from "./tail.ts";
import { getTrace } from "./trace.ts";

/** `/v1/events/…`: looking into the stream. Nothing here runs, or is kept for it, while nobody looks. */
export const observeRoutes = new Hono<App>()
  .get("/seen", getSeen)
  .get("/tail", getTail)
  .get("/trace", getTrace)
  .get("/quality", getQuality);
