import { Batcher } from "../../durable-objects/batcher.ts";
import { Catalog } from "../../durable-objects/catalog.ts";
import { LiveHub } from "../../durable-objects/live-hub.ts";
import { LogPartition } from "../../durable-objects/log-partition.ts";
import { MetricWindow } from "../../durable-objects/metric-window.ts";
import { PartitionReader } from "../../durable-objects/partition-reader.ts";
import { type ObjectClass, SimulatedObject } from "./simulated-object.ts";
import type { Actor, World } from "./world.ts";

export const PARTITIONS = 3;

const VARS = {
  PARTITIONS: String(PARTITIONS),
  IDLE_PARTITION_MS: "500",
  LIVE_RETENTION_MS: "86400000",
  HUB_SOCKETS: "100",
};

const CLASSES = {
  CATALOG: Catalog,
  BATCHER: Batcher,
  LOG_PARTITION: LogPartition,
  PARTITION_READER: PartitionReader,
  METRIC_WINDOW: MetricWindow,
  LIVE_HUB: LiveHub,
} satisfies Record<string, ObjectClass>;

export type Binding = keyof typeof CLASSES;

/** The instances of each class, as a caller reaches them. Awaited results come through a structured clone. */
export type Stub<C extends ObjectClass> = {
  [M in keyof InstanceType<C>]: InstanceType<C>[M] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** All Durable Objects of one deployment in a world. */
export class Deployment {
  readonly #world: World;
  readonly #onCommit: (object: SimulatedObject) => void;
  readonly #objects = new Map<string, SimulatedObject>();

  constructor(world: World, onCommit: (object: SimulatedObject) => void) {
    this.#world = world;
    this.#onCommit = onCommit;
  }

  stub<B extends Binding>(caller: Actor, binding: B, id: string): Stub<(typeof CLASSES)[B]> {
    return this.object(binding, id).stubFor(caller) as Stub<(typeof CLASSES)[B]>;
  }

  object(binding: Binding, id: string): SimulatedObject {
    const name = `${binding} ${id}`;
    let object = this.#objects.get(name);
    if (object === undefined) {
      object = new SimulatedObject(this.#world, {
        kind: binding,
        id,
        create: CLASSES[binding],
        env: (self) => this.#envOf(self),
        onCommit: this.#onCommit,
      });
      this.#objects.set(name, object);
      this.#world.add(object);
    }
    return object;
  }

  objects(): IterableIterator<SimulatedObject> {
    return this.#objects.values();
  }

  close(): void {
    for (const object of this.#objects.values()) object.storage.close();
  }

  #envOf(caller: Actor): object {
    const namespaces = Object.keys(CLASSES).map((binding) => [
      binding,
      { getByName: (id: string) => this.object(binding as Binding, id).stubFor(caller) },
    ]);
    return { ...VARS, ...Object.fromEntries(namespaces) };
  }
}
