import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prometheusText } from "./prometheus-text.ts";

/** The grammar of the text format 0.0.4, a sample line: name, labels, value. */
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;

describe("[O5] Prometheus text", () => {
  it("[O5] a family with its help, its type and its samples", () => {
    const text = prometheusText([
      {
        name: "freshet_a_total",
        type: "counter",
        help: "What it counts.",
        samples: [
          { labels: { partition: 0, project: "p" }, value: 1 },
          { labels: {}, value: 1.5e21 },
        ],
      },
      { name: "freshet_b", type: "gauge", help: "Nothing yet.", samples: [] },
    ]);
    expect(text).toBe(
      `# HELP freshet_a_total What it counts.
# TYPE freshet_a_total counter
freshet_a_total{partition="0",project="p"} 1
freshet_a_total 1.5e+21
# HELP freshet_b Nothing yet.
# TYPE freshet_b gauge
`,
    );
  });

  it("[O5] values that are no numbers are written as Prometheus reads them", () => {
    const samples = [Number.NaN, Infinity, -Infinity].map((value) => ({ labels: {}, value }));
    const lines = prometheusText([{ name: "g", type: "gauge", help: "h", samples }]).split("\n");
    expect(lines.slice(2, 5)).toEqual(["g NaN", "g +Inf", "g -Inf"]);
  });

  it("[O5] whatever a label and a help hold, each sample is one line that reads back", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, fc.double(), (label, help, value) => {
        const written = prometheusText([
          { name: "g", type: "gauge", help, samples: [{ labels: { label }, value }] },
        ]);
        const lines = written.split("\n");
        expect(lines).toHaveLength(4);
        const [, , labels = ""] = SAMPLE.exec(lines[2] ?? "") ?? [];
        const read = labels
          .slice('label="'.length, -1)
          .replace(/\\(.)/gs, (_, c: string) => (c === "n" ? "\n" : c));
        expect(read).toBe(label);
      }),
    );
  });
});
