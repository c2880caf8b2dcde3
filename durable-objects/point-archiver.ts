import { DurableObject } from "cloudflare:workers";
import { bucketOf } from "./archive/archive-bucket.ts";
import { encodePoints } from "./archive/point-file.ts";
import { pointPath } from "./archive/point-path.ts";
import type { PointListing } from "./archive/read-points.ts";
import type { DefinedMetric } from "./engine/compiled-metric.ts";
import type { Env } from "./env.ts";
import { type PointArchiveStats, PointCatalog, type WrittenPointFile } from "./storage/point-catalog.ts";
import type { PointRow } from "./storage/point-store.ts";

/** Rows of sealed points, and the definitions of their metrics by the names in the rows. */
export interface PointBatch {
  /** The first and the last row: a retry has the same, and so writes the same files. */
  from: number;
  to: number;
  rows: PointRow[];
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
    const { from, to, rows, definitions } = JSON.parse(text) as PointBatch;
    if (to <= this.#catalog.archivedTo || this.env.ARCHIVE === undefined) return this.#catalog.archivedTo;
    const bucket = bucketOf(this.env.ARCHIVE);
    const written: WrittenPointFile[] = [];
    for (const { body, ...file } of encodePoints(rows, (metric) => definitions[metric])) {
      const path = pointPath({ object: this.#object, from, to, ...file });
      await bucket.put(path, body);
      written.push({ ...file, path, bytes: body.length });
    }
    this.#catalog.add(written, to);
    return to;
  }

  /** Points of a metric in `(afterMs, untilMs]` from rows before `before` do not count any more. */
  recomputed(question: Omit<PointQuestion, "stepMs">, before: number): void {
    const { metric, revision, afterMs, untilMs } = question;
    this.#catalog.recomputed(metric, revision, afterMs, untilMs, before);
  }

  listing({ metric, revision, stepMs, afterMs, untilMs }: PointQuestion): PointListing {
    return this.#catalog.listing(metric, revision, stepMs, afterMs, untilMs);
  }

  stats(): PointArchiveStats {
    return this.#catalog.stats();
  }
}
