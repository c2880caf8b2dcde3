import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { drawSoon, forgetDraw } from "./draw-queue.ts";

const FRAME_MS = 16;
/** What was drawn in each frame. */
let frames: string[][] = [];

beforeEach(() => {
  vi.useFakeTimers();
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => {
    const toNext = FRAME_MS - (performance.now() % FRAME_MS);
    setTimeout(() => {
      frames.push([]);
      callback();
    }, toNext);
  });
});

afterEach(async () => {
  await vi.runAllTimersAsync();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const draws =
  (name: string, takesMs = 0) =>
  (): void => {
    frames.at(-1)?.push(name);
    if (takesMs > 0) vi.spyOn(performance, "now").mockReturnValueOnce(performance.now() + takesMs);
  };

test("[U6] panels whose data come one after another are drawn with one frame, in the order of asking, once", async () => {
  await vi.advanceTimersByTimeAsync(FRAME_MS - 1);
  const [a, b, c] = [draws("a"), draws("b"), draws("c")];
  drawSoon(a);
  await vi.advanceTimersByTimeAsync(2);
  drawSoon(b);
  drawSoon(a);
  await vi.advanceTimersByTimeAsync(1);
  drawSoon(c);
  await vi.advanceTimersByTimeAsync(2 * FRAME_MS);
  expect(frames).toEqual([["a", "b", "c"]]);
});

test("[U6] what takes longer than its share of a frame goes on with the next", async () => {
  const [a, b] = [draws("a", 6), draws("b")];
  drawSoon(a);
  drawSoon(b);
  await vi.advanceTimersByTimeAsync(3 * FRAME_MS);
  expect(frames).toEqual([["a"], ["b"]]);
});

test("[U6] what is taken back is not drawn", async () => {
  const a = draws("a");
  drawSoon(a);
  forgetDraw(a);
  await vi.advanceTimersByTimeAsync(3 * FRAME_MS);
  expect(frames.flat()).toEqual([]);
});
