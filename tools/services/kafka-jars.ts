import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";
import { hasCommand, runCommand, ServiceUnavailableError } from "./processes.ts";

/** The newest that runs on Java 17. `FRESHET_KAFKA_VERSION` overrides, so that CI can try an older broker. */
const KAFKA_VERSION = process.env["FRESHET_KAFKA_VERSION"] ?? "4.2.1";
const DOWNLOAD_TIMEOUT_MS = 300_000;

/**
 * The folder with Kafka's jars; downloads them from Maven Central the first time.
 *
 * @throws ServiceUnavailableError when Java or Maven is missing or the download fails.
 */
export async function kafkaJars(): Promise<string> {
  if (!hasCommand("java")) {
    throw new ServiceUnavailableError("Kafka needs Java 17 or newer, and there is no 'java' on the PATH");
  }
  const folder = join(cacheFolder(), `kafka-${KAFKA_VERSION}`);
  if (existsSync(folder)) return folder;
  if (!hasCommand("mvn")) {
    throw new ServiceUnavailableError("Kafka is downloaded by Maven, and there is no 'mvn' on the PATH");
  }
  process.stderr.write(`Downloading Apache Kafka ${KAFKA_VERSION} (45 MB, once) …\n`);
  await download(folder);
  return folder;
}

/** Into a folder beside, then renamed: two processes may do this at once, and a broken one leaves no half. */
async function download(folder: string): Promise<void> {
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await runCommand(
      "mvn",
      [
        "-q",
        "-B",
        "-f",
        join(import.meta.dirname, "kafka.pom.xml"),
        "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
        `-Dkafka.version=${KAFKA_VERSION}`,
        "-DincludeScope=runtime",
        `-DoutputDirectory=${partial}`,
      ],
      { timeoutMs: DOWNLOAD_TIMEOUT_MS },
    );
    if (!readdirSync(partial).some((jar) => jar.startsWith("kafka_2.13"))) throw new Error("no Kafka came");
    if (!existsSync(folder)) renameSync(partial, folder);
  } catch (error) {
    if (existsSync(folder)) return;
    const why = error instanceof Error ? error.message : String(error);
    throw new ServiceUnavailableError(`Kafka ${KAFKA_VERSION} could not be downloaded: ${why}`);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
