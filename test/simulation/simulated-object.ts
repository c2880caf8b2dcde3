import { ClientSocket, type ServerSocket, type SocketClient, type SocketServer } from "./simulated-socket.ts";
import { SimulatedStorage } from "./simulated-storage.ts";
import type { Actor, World } from "./world.ts";

/** A Durable Object class. Its types are the platform's; what a simulation gives it is a part of them. */
export type ObjectClass = new (ctx: never, env: never) => object;

export interface ObjectOptions {
  kind: string;
  id: string;
  create: ObjectClass;
  /** The bindings of this object. */
  env: (self: Actor) => object;
  onCommit: (self: SimulatedObject) => void;
}

/** A call on its way, or an answer. */
interface Call {
  method: string;
  args: unknown[];
  caller: Actor;
  callerLife: number;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

type Method = (...args: unknown[]) => unknown;

/** The server's end of the connection that is being made: what `new WebSocketPair()` gives in its turn. */
const givenSockets: ServerSocket[] = [];

/** The platform's globals that an object with sockets uses. */
export const SOCKET_GLOBALS = {
  WebSocketPair: class {
    readonly 0 = {};
    readonly 1 = givenSockets.pop();
  },
  WebSocketRequestResponsePair: class {
    readonly isOfNoUseHere = true;
  },
  // Node's own knows no status below 200.
  Response: class {
    readonly status: number;

    constructor(_: unknown, { status }: { status: number }) {
      this.status = status;
    }
  },
};

const ALARM_RETRY_MS = 2_000;

/**
 * One Durable Object: a name, a storage, and now and then an instance in memory. What leaves it, calls and answers,
 * waits until all that it wrote before is durable: the output gate.
 */
export class SimulatedObject implements SocketServer {
  readonly name: string;
  readonly kind: string;
  readonly id: string;
  readonly storage = new SimulatedStorage();
  life = 0;
  /** Times that the instance asked to be thrown away. */
  aborts = 0;
  /** The next calls of this method fail for their callers: before they arrive, or after they have done their work. */
  failing: { method: string; calls: number; arrive: boolean } | undefined;
  readonly #world: World;
  readonly #create: ObjectClass;
  readonly #env: object;
  readonly #onCommit: (self: SimulatedObject) => void;
  #instance: Record<string, Method> | undefined;
  #blocked: Promise<unknown> | undefined;
  #heldBack: (() => void)[] = [];
  #commitDue = false;
  /** Calls that were delivered and whose answer has not arrived. */
  readonly #open = new Set<Call>();
  readonly #sockets: ServerSocket[] = [];
  /** Handlers and tasks that have not ended: while there are any, it does not hibernate. */
  #tasks = 0;
  #alarmToken = 0;
  #isRinging = false;

  constructor(world: World, options: ObjectOptions) {
    const { kind, id, create, env, onCommit } = options;
    this.name = `${kind} ${id}`;
    this.kind = kind;
    this.id = id;
    this.#world = world;
    this.#create = create;
    this.#env = env(this);
    this.#onCommit = onCommit;
  }

  /** What others call its methods by. */
  stubFor(caller: Actor): object {
    return new Proxy(
      {},
      {
        get: (_, method) => {
          if (typeof method === "symbol" || method === "then") return undefined;
          return (...args: unknown[]) => this.#call(caller, method, args);
        },
      },
    );
  }

  send(post: () => void): void {
    if (this.storage.isDirty) this.#heldBack.push(post);
    else post();
  }

  endTurn(): void {
    if (!this.storage.isDirty || this.#commitDue) return;
    this.#commitDue = true;
    const { life } = this;
    this.#world.soon({
      label: `${this.name}: commit`,
      actor: undefined,
      involved: [this],
      isVoid: () => this.life !== life,
      act: () => this.#commit(),
    });
  }

  /** Opens a WebSocket to it, as a client does; a refused one is closed at once. */
  connect(client: Actor, events: SocketClient, headers: Record<string, string>): ClientSocket {
    const socket = new ClientSocket(this.#world, client, this, events);
    this.#world.soon({
      label: `${client.name} ⇢ ${this.name}: connect`,
      actor: this,
      involved: [this],
      act: () =>
        this.#task(async () => {
          if (!socket.server.isOpen) return;
          givenSockets.push(socket.server);
          const request = { headers: new Headers(headers) };
          const response = (await this.#wake()["fetch"]?.call(this.#instance, request)) as { status: number };
          if (response.status === 101) socket.opened(events);
          else socket.server.close(1013, String(response.status));
        }),
    });
    return socket;
  }

  onMessage(socket: ServerSocket, data: string): void {
    this.#task(() => this.#wake()["webSocketMessage"]?.call(this.#instance, socket, data));
  }

  onClose(socket: ServerSocket, code: number): void {
    const index = this.#sockets.indexOf(socket);
    // It may have been given up before it was accepted.
    if (index < 0) return;
    this.#sockets.splice(index, 1);
    this.#task(() => this.#wake()["webSocketClose"]?.call(this.#instance, socket, code, ""));
  }

  /** Memory is lost, sockets are not: what the platform does when nothing moves. False: something does. */
  hibernate(): boolean {
    const isIdle = this.#open.size === 0 && this.#tasks === 0 && !this.storage.isDirty;
    if (!isIdle || this.#instance === undefined || this.#world.isAwaited(this)) return false;
    this.life++;
    this.#instance = undefined;
    this.#blocked = undefined;
    this.#armAlarm(0);
    return true;
  }

  #task(act: () => unknown): void {
    const { life } = this;
    this.#tasks++;
    void Promise.resolve()
      .then(act)
      .catch(() => undefined)
      .finally(() => {
        if (this.life === life) this.#tasks--;
      });
  }

  /** Memory and whatever was not durable are lost, and so are the answers on their way. */
  crash(): void {
    this.life++;
    this.#instance = undefined;
    this.#blocked = undefined;
    this.#heldBack = [];
    this.#commitDue = false;
    this.#isRinging = false;
    this.#tasks = 0;
    this.storage.rollBack();
    for (const socket of this.#sockets.splice(0)) socket.close(1006);
    for (const call of this.#open) {
      this.#post(call, `${this.name} lost`, () => call.reject(new Error(`${this.name} was reset`)));
    }
    this.#open.clear();
    this.#armAlarm(0);
  }

  #commit(): void {
    this.#commitDue = false;
    if (this.storage.commit()) this.#armAlarm(0);
    this.#onCommit(this);
    const released = this.#heldBack;
    this.#heldBack = [];
    for (const post of released) post();
  }

  #call(caller: Actor, method: string, given: unknown[]): Promise<unknown> {
    const args = structuredClone(given);
    return new Promise((resolve, reject) => {
      const call: Call = { method, args, caller, callerLife: caller.life, resolve, reject };
      caller.send(() => {
        this.#world.soon({
          label: `${caller.name} → ${this.name}.${method}`,
          actor: this,
          involved: [this],
          sender: caller,
          act: () => void this.#receive(call),
        });
      });
    });
  }

  async #receive(call: Call): Promise<void> {
    const { life } = this;
    this.#open.add(call);
    try {
      const instance = this.#wake();
      await this.#blocked;
      if (this.life !== life) return;
      const method = instance[call.method];
      if (method === undefined) throw new Error(`${this.name} has no method ${call.method}`);
      const fails = this.#failsNow(call.method);
      if (fails && this.failing?.arrive === false) throw new Error(`${this.name} was reset, it seems`);
      const result = structuredClone(await method.apply(instance, call.args));
      if (fails) throw new Error(`${this.name} was reset, it seems`);
      this.#answer(call, life, () => call.resolve(result));
    } catch (error) {
      const copy = new Error(error instanceof Error ? error.message : String(error));
      this.#answer(call, life, () => call.reject(copy));
    }
  }

  #failsNow(method: string): boolean {
    if (this.failing?.method !== method || this.failing.calls === 0) return false;
    this.failing.calls--;
    return true;
  }

  #answer(call: Call, life: number, settle: () => void): void {
    if (this.life !== life) return;
    this.send(() => {
      this.#post(call, `${this.name}.${call.method} answers`, settle, () => this.#open.has(call));
    });
  }

  #post(call: Call, label: string, settle: () => void, isOpen?: () => boolean): void {
    const { caller, callerLife } = call;
    this.#world.soon({
      label: `${caller.name} ← ${label}`,
      actor: caller,
      involved: [caller, this],
      isVoid: () => caller.life !== callerLife || isOpen?.() === false,
      act: () => {
        this.#open.delete(call);
        settle();
      },
    });
  }

  #wake(): Record<string, Method> {
    if (this.#instance !== undefined) return this.#instance;
    const { life } = this;
    const context = {
      id: { name: this.id },
      storage: this.storage,
      waitUntil: (task: Promise<unknown>) => {
        if (this.life === life) this.#task(() => task);
      },
      acceptWebSocket: (socket: ServerSocket, tags: string[] = []) => {
        socket.tags = tags;
        this.#sockets.push(socket);
      },
      getWebSockets: (tag?: string) =>
        this.#sockets.filter(({ isOpen, tags }) => isOpen && (tag === undefined || tags.includes(tag))),
      getTags: ({ tags }: ServerSocket) => tags,
      setWebSocketAutoResponse: () => undefined,
      getWebSocketAutoResponseTimestamp: () => null,
      abort: () => {
        if (this.life !== life) return;
        this.aborts++;
        this.crash();
      },
      blockConcurrencyWhile: (task: () => Promise<unknown>) => (this.#blocked = task()),
    };
    this.#instance = new this.#create(context as never, this.#env as never) as Record<string, Method>;
    return this.#instance;
  }

  #armAlarm(delayMs: number): void {
    const token = ++this.#alarmToken;
    const atMs = this.storage.durableAlarmMs;
    if (atMs === undefined) return;
    this.#world.at(Math.max(atMs, this.#world.nowMs + delayMs), {
      label: `${this.name}: alarm`,
      actor: this,
      involved: [this],
      isVoid: () => token !== this.#alarmToken,
      act: () => void this.#ring(),
    });
  }

  /** An alarm whose handler fails, or is cut off, rings again. */
  async #ring(): Promise<void> {
    if (this.#isRinging) {
      this.#armAlarm(1);
      return;
    }
    const { life } = this;
    this.#isRinging = true;
    this.storage.beginAlarm();
    let hasFailed = false;
    try {
      await this.#wake()["alarm"]?.call(this.#instance);
    } catch {
      hasFailed = true;
    }
    if (this.life !== life) return;
    this.#isRinging = false;
    if (hasFailed) this.#armAlarm(ALARM_RETRY_MS);
    else this.storage.endAlarm();
  }
}
