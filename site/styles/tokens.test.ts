import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

describe("tokens", () => {
  const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
  const themes = css.split(/\n(?=@media|:root\[data-theme="dark"\])/);

  it("[U4] series stand out from the surface by 3:1 at least, text by 4.5:1, in each theme", () => {
    expect(themes.length).toBe(3);
    for (const theme of themes) {
      const surface = colorIn(theme, "surface");
      for (let i = 1; i <= 12; i++) {
        expect(contrast(colorIn(theme, `series-${i}`), surface)).toBeGreaterThanOrEqual(3);
      }
      for (const name of ["text", "text-soft", "text-muted", "stale", "lost", "accent"]) {
        expect(contrast(colorIn(theme, name), surface)).toBeGreaterThanOrEqual(4.5);
        expect(contrast(colorIn(theme, name), colorIn(theme, "background"))).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it("are the same whether the system or the visitor chose the dark theme", () => {
    const [, system = "", chosen = ""] = themes;
    const declarations = (theme: string) => theme.match(/--[\w-]+: [^;]+/g);
    expect(declarations(system)).toEqual(declarations(chosen));
  });
});

function colorIn(css: string, name: string): number[] {
  const hex = new RegExp(`--${name}: #([0-9a-f]{6})`).exec(css)?.[1];
  if (hex === undefined) throw new Error(`--${name} is not a colour of six digits`);
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
}

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: number[], b: number[]): number {
  const luminance = (color: number[]): number => {
    const [red = 0, green = 0, blue = 0] = color.map((c) =>
      c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
