import type { SeriesBuffer } from "./series.ts";

/** The points of one panel, and what is known about them: live ones, or those of a query. */
export interface PanelSeries {
  readonly buffer: SeriesBuffer;
  /** Whether the server has answered with a picture. */
  readonly ready: boolean;
  /** What the server says instead of data. */
  readonly error: string | undefined;
  readonly watermark: number | null;
  /** When the newest news happened, on the server's clock. */
  readonly freshAtMs: number | undefined;
  /** Frames that came merged into others, because this page was slow. */
  readonly merged: number;
  /** The usual distance of its points. */
  readonly rhythmMs: number;
  /** Runs `listener` after every change; the result ends it. */
  subscribe(listener: () => void): () => void;
}
