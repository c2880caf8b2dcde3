import { DurableObject } from "cloudflare:workers";
import { bucketOf } from "./archive/archive-bucket.ts";
import { encodePoints } from "./archive/point-file.ts";
import { pointPath } from "./archive/point-path.ts";
import type { PointListing } from "./archive/read-points.ts";
import type { DefinedMetric } from "./engine/compiled-metric.ts";
import type { Env } from "./env.ts";
import { type PointArchiveStats, PointCatalog, type WrittenPointFile } from "./storage/point-catalog.ts";
import type { OutboxRows } from "./storage/point-outbox.ts";

/**
 * Rows of sealed points, and the definitions of their metrics by the names in the rows. A retry has the same rows, and so
 * writes the same files.
 */
export interface PointBatch extends OutboxRows {
  definitions: Record<string, DefinedMetric>;
}

/** What is listed of a metric: ends in `(afterMs, untilMs]` at one step, 0 being as sealed. */
export interface PointQuestion {
  metric: string;
  revision: number;
  stepMs: number;
  afterMs: number;
  untilMs: number;
}

/**
 * Writes the sealed points of one window object (it has its name) to the archive, and knows where they are. It has no
 * alarm: the window object calls, and repeats what was not answered.
 */
export class PointArchiver extends DurableObject<Env> {
  readonly #object: string;
  readonly #catalog: PointCatalog;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#object = ctx.id.name ?? "";
    this.#catalog = new PointCatalog(ctx.storage);
  }

  /**
   * Archives rows.
   *
   * @param text JSON of a {@link PointBatch}.
   * @returns the last row that is archived.
   */
  async archive(text: string): Promise<number> {
    const { from, to, rows, definitions, recomputed } = JSON.parse(text) as PointBatch;
    if (this.env.ARCHIVE === undefined) return this.#catalog.archivedTo;
    if (to <= this.#catalog.archivedTo) {
      this.#catalog.add([], to, recomputed);
      return this.#catalog.archivedTo;
    }
    const bucket = bucketOf(this.env.ARCHIVE);
    const written: WrittenPointFile[] = [];
    for (const { body, ...file } of encodePoints(rows, (metric) => definitions[metric])) {
      const path = pointPath({ object: this.#object, from, to, ...file });
      await bucket.put(path, body);
      written.push({ ...file, path, bytes: body.length });
    }
    this.#catalog.add(written, to, recomputed);
    return to;
  }

  listing({ metric, revision, stepMs, afterMs, untilMs }: PointQuestion): PointListing {
    return this.#catalog.listing(metric, revision, stepMs, afterMs, untilMs);
  }

  stats(): PointArchiveStats {
    return this.#catalog.stats();
  }
}
