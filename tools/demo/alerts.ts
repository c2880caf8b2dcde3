import type { AlertSource } from "../../protocol/alert.ts";

/** The alert rules of the demo project. They tell no webhook: the dashboard shows what fires. */
export const DEMO_ALERTS: readonly AlertSource[] = [
  // A congested route takes Oceania there every few minutes.
  { name: "slow_region", metric: "latency_by_region", condition: "> 120", for: "3s" },
  { name: "busy_machine", metric: "server_cpu", condition: "> 95", for: "30s" },
  { name: "no_sales", metric: "ad_sales_all", condition: "no data", for: "1m" },
];
