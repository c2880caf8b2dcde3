import type { Picture } from "./picture.ts";
import { bounded } from "./scale.ts";
import type { Cell } from "../series/series.ts";

/** For each row and time, the sum of the rows below. */
export function stackBases({ x, rows }: Picture): number[][] {
  const below = Array.from(x, () => 0);
  return rows.map(({ y }) => {
    const base = below.slice();
    for (let i = 0; i < below.length; i++) below[i] = bounded((below[i] ?? 0) + (y[i] ?? 0));
    return base;
  });
}

/**
 * The picture with each row standing on those below it. A group without a value where others have one counted nothing;
 * where none has, the areas break.
 */
export function stackedPicture(picture: Picture, bases: readonly (readonly number[])[]): Picture {
  const { x, rows } = picture;
  const known = Array.from(x, (_, i) => rows.some(({ y }) => typeof y[i] === "number"));
  const stacked = rows.map((row, at) => {
    const y = Array.from(x, (_, i): Cell =>
      known[i] === true ? bounded((bases[at]?.[i] ?? 0) + (row.y[i] ?? 0)) : null,
    );
    return { ...row, y, epoch: undefined };
  });
  return { ...picture, rows: stacked };
}
