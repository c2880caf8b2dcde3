import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { kafkaJars } from "./kafka-jars.ts";
import { freePort, runCommand, type RestartableProcess, startRestartable } from "./processes.ts";

/** Credentials that a broker started with `sasl: true` accepts, by PLAIN and by SCRAM-SHA-256 and -512. */
export const KAFKA_USER = { username: "freshet", password: "freshet-secret" } as const;

export interface KafkaOptions {
  /** Data, configuration and log. A folder that was used before is gone on with. */
  dir: string;
  /** The plain listener's port; a free one by default. */
  port?: number;
  /** Adds a listener that asks for {@link KAFKA_USER}. */
  sasl?: boolean;
  /** Adds a TLS listener: a PKCS#12 file with the broker's key and certificate. Asks for {@link KAFKA_USER} too. */
  tls?: { keystore: string; password: string };
  /** Further lines of the broker's configuration. */
  config?: Record<string, string>;
  heapMb?: number;
}

export interface Kafka extends RestartableProcess {
  /** `host:port` of the plain listener. */
  brokers: string;
  /** `host:port` of the listener with SASL, when asked for. */
  saslBrokers: string | undefined;
  /** `host:port` of the listener with TLS and SASL, when asked for. */
  tlsBrokers: string | undefined;
  /**
   * Runs one of Kafka's command line tools against the plain listener.
   *
   * @param mainClass such as `org.apache.kafka.tools.TopicCommand`.
   * @returns its standard output.
   */
  cli(mainClass: string, args: string[], timeoutMs?: number): Promise<string>;
}

/** Kafka's own tools, by what they are called in `bin/`. */
export const KAFKA_TOOLS = {
  "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
  "kafka-configs": "kafka.admin.ConfigCommand",
} as const;

/**
 * Starts a one-node Apache Kafka (KRaft) on 127.0.0.1 and waits until it answers.
 *
 * @throws ServiceUnavailableError when this machine cannot have one; Error with the log's tail when it does not start.
 */
export async function startKafka(options: KafkaOptions): Promise<Kafka> {
  const jars = await kafkaJars();
  const ports = await choosePorts(options);
  const configFile = join(options.dir, "server.properties");
  mkdirSync(options.dir, { recursive: true });
  writeFileSync(configFile, properties(options, ports));
  await formatStorage(jars, configFile, options.dir);
  const broker = await startRestartable({
    name: "Kafka",
    command: "java",
    args: [`-Xmx${options.heapMb ?? 512}m`, ...javaArgs(jars), "kafka.Kafka", configFile],
    logFile: join(options.dir, "kafka.log"),
    isReady: () => hasBrokers(ports.plain),
  });
  const brokers = `127.0.0.1:${ports.plain}`;
  return Object.assign(broker, {
    brokers,
    saslBrokers: ports.sasl === undefined ? undefined : `127.0.0.1:${ports.sasl}`,
    tlsBrokers: ports.tls === undefined ? undefined : `localhost:${ports.tls}`,
    cli: (mainClass: string, args: string[], timeoutMs = 60_000) =>
      runCommand("java", ["-Xmx128m", ...javaArgs(jars), mainClass, "--bootstrap-server", brokers, ...args], {
        timeoutMs,
      }),
  });
}

interface Ports {
  plain: number;
  controller: number;
  sasl: number | undefined;
  tls: number | undefined;
}

async function choosePorts({ port, sasl, tls }: KafkaOptions): Promise<Ports> {
  return {
    plain: port ?? (await freePort()),
    controller: await freePort(),
    sasl: sasl ? await freePort() : undefined,
    tls: tls ? await freePort() : undefined,
  };
}

function properties(options: KafkaOptions, ports: Ports): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${ports.plain}`, `CONTROLLER://127.0.0.1:${ports.controller}`];
  const advertised = [`PLAINTEXT://127.0.0.1:${ports.plain}`];
  const lines: Record<string, string> = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map":
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SASL_SSL",
    "log.dirs": join(options.dir, "data"),
    "auto.create.topics.enable": "false",
    // After a crash the controller lets the broker in again when its old session is over: 9 s by default.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    // Kafka's own topics: one node cannot hold three copies, and fifty partitions take seconds to make.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
  };
  for (const [name, port] of [
    ["SASL", ports.sasl],
    ["TLS", ports.tls],
  ] as const) {
    if (port === undefined) continue;
    listeners.push(`${name}://127.0.0.1:${port}`);
    advertised.push(`${name}://${name === "TLS" ? "localhost" : "127.0.0.1"}:${port}`);
    Object.assign(lines, saslProperties(name.toLowerCase()));
  }
  if (options.tls) {
    lines["ssl.keystore.type"] = "PKCS12";
    lines["ssl.keystore.location"] = options.tls.keystore;
    lines["ssl.keystore.password"] = options.tls.password;
  }
  lines["listeners"] = listeners.join(",");
  lines["advertised.listeners"] = advertised.join(",");
  return Object.entries({ ...lines, ...options.config })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function saslProperties(listener: string): Record<string, string> {
  const { username, password } = KAFKA_USER;
  const at = `listener.name.${listener}`;
  const plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
  return {
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    [`${at}.plain.sasl.jaas.config`]: `${plain} required user_${username}="${password}";`,
    [`${at}.scram-sha-256.sasl.jaas.config`]: `${scram} required;`,
    [`${at}.scram-sha-512.sasl.jaas.config`]: `${scram} required;`,
  };
}

async function formatStorage(jars: string, configFile: string, dir: string): Promise<void> {
  if (existsSync(join(dir, "data", "meta.properties"))) return;
  const user = `[name=${KAFKA_USER.username},password=${KAFKA_USER.password}]`;
  const scram = ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((name) => ["--add-scram", `${name}=${user}`]);
  const args = ["format", "--cluster-id", "ZnJlc2hldC10ZXN0cy0wMQ", "--config", configFile, ...scram];
  const said = await runCommand("java", ["-Xmx128m", ...javaArgs(jars), "kafka.tools.StorageTool", ...args]);
  appendFileSync(join(dir, "kafka.log"), said);
}

function javaArgs(jars: string): string[] {
  return [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    `-Dlog4j2.configurationFile=${join(import.meta.dirname, "kafka.log4j2.properties")}`,
    "-cp",
    `${jars}/*`,
  ];
}

/** Asks for metadata by Kafka's protocol (Metadata version 1): ready means that a live broker is listed. */
function hasBrokers(port: number): Promise<boolean> {
  // Length 21, api key 3, version 1, correlation id 1, client id "freshet", no topics.
  const request = Buffer.from("00000015000300010000000100076672657368657400000000", "hex");
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let answer = Buffer.alloc(0);
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(2_000, () => settle(false));
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      // Four bytes of length, four of correlation id, then the number of brokers.
      if (answer.length >= 12) settle(answer.readInt32BE(8) > 0);
    });
  });
}
