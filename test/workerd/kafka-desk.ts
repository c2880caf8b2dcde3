import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import type { LogAppender, LogSource } from "../../durable-objects/log/event-log.ts";

declare module "vitest" {
  export interface ProvidedContext {
    serviceDesk: string;
  }
}

/** What of Kafka the machine has: addresses, or the reason for there being none. */
export type KafkaOnHand = { brokers: string; saslBrokers: string } | { missing: string };

/** Asks the test runner for a Kafka; the first to ask has it started. */
export async function kafkaOnHand(): Promise<KafkaOnHand> {
  const answer = await fetch(`${inject("serviceDesk")}/kafka`);
  const body = await answer.text();
  if (answer.ok) return JSON.parse(body) as KafkaOnHand;
  if (answer.status === 501) return { missing: body };
  throw new Error(body);
}

/** Crashes, stops or starts the broker again. */
export async function kafkaAction(action: "kill" | "stop" | "restart"): Promise<void> {
  await post(action);
}

/** Runs one of Kafka's command line tools. @returns what it printed. */
export function kafkaTool(name: string, ...args: string[]): Promise<string> {
  return post(`tool/${name}`, JSON.stringify(args));
}

async function post(path: string, body = ""): Promise<string> {
  const answer = await fetch(`${inject("serviceDesk")}/kafka/${path}`, { method: "POST", body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

/** Runs `work` inside a Durable Object of its own, where sockets live as long as the object. */
function inside<T>(object: string, work: () => Promise<T>): Promise<T> {
  return runInDurableObject(env.TEST_OBJECT.getByName(object), work);
}

/** Runs `work` in a Durable Object that nothing else uses. */
export function inObject<T>(work: () => Promise<T>): Promise<T> {
  return inside(crypto.randomUUID(), work);
}

/** An appender that lives in a Durable Object of its own. */
export function appenderInObject(make: () => LogAppender): LogAppender {
  const object = crypto.randomUUID();
  const appender = make();
  return {
    append: (partition, records) => inside(object, () => appender.append(partition, records)),
    close: () => inside(object, () => appender.close()),
  };
}

/** A source that lives in a Durable Object of its own. */
export function sourceInObject(make: () => LogSource): LogSource {
  const object = crypto.randomUUID();
  const source = make();
  return {
    read: (fromOffset, maxBytes, waitMs) => inside(object, () => source.read(fromOffset, maxBytes, waitMs)),
    commit: (nextOffset) => inside(object, () => source.commit(nextOffset)),
    close: () => inside(object, () => source.close()),
  };
}
