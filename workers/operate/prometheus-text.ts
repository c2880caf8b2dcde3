/** One family of the Prometheus text format. */
export interface MetricFamily {
  name: string;
  type: "counter" | "gauge";
  help: string;
  samples: { labels: Record<string, string | number>; value: number }[];
}

/** Writes families in the text exposition format 0.0.4. */
export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join("");
}

function familyText({ name, type, help, samples }: MetricFamily): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${valueText(value)}\n`);
  return `# HELP ${name} ${escapeLines(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Record<string, string | number>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escape(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function valueText(value: number): string {
  return Math.abs(value) === Infinity ? `${value < 0 ? "-" : "+"}Inf` : String(value);
}

function escape(value: string): string {
  return escapeLines(value).replaceAll('"', '\\"');
}

/** Help, unlike a label's value, has its quotes as they are. */
function escapeLines(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
