import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";
import { hasCommand, runCommand, ServiceUnavailableError } from "./processes.ts";

const APT_TIMEOUT_MS = 300_000;

/**
 * Unpacks a Debian package into the cache. That needs no root, and starts no daemon as installing would.
 *
 * @returns the folder that stands for `/`.
 * @throws ServiceUnavailableError with the reason.
 */
export async function unpackDebianPackage(name: string): Promise<string> {
  const folder = join(cacheFolder(), `debian-${name}`);
  if (existsSync(folder)) return folder;
  if (!hasCommand("apt-get")) {
    throw new ServiceUnavailableError(`${name} comes from Debian, and there is no 'apt-get' on the PATH`);
  }
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await downloadPackage(name, partial);
    const archive = readdirSync(partial).find((file) => file.endsWith(".deb"));
    await runCommand("dpkg", ["-x", join(partial, archive ?? ""), join(partial, "root")]);
    if (!existsSync(folder)) renameSync(join(partial, "root"), folder);
  } catch (error) {
    if (!existsSync(folder)) throw unavailable(name, error);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

async function downloadPackage(name: string, cwd: string): Promise<void> {
  const download = (): Promise<string> =>
    runCommand("apt-get", ["download", name], { cwd, timeoutMs: APT_TIMEOUT_MS });
  try {
    await download();
  } catch (error) {
    if (!isRoot()) throw error;
    await updateLists();
    await download();
  }
}

/** Installs a Debian package with what it depends on. @throws ServiceUnavailableError when not root, or it fails. */
export async function installDebianPackage(name: string): Promise<void> {
  if (!hasCommand("apt-get")) {
    throw new ServiceUnavailableError(
      `${name} is not installed, and there is no 'apt-get' to install it with`,
    );
  }
  if (!isRoot()) {
    throw new ServiceUnavailableError(
      `${name} is not installed, and only root may: sudo apt-get install ${name}`,
    );
  }
  process.stderr.write(`Installing Debian's ${name} …\n`);
  try {
    await updateLists();
    await runCommand("apt-get", ["install", "-y", "-q", "--no-install-recommends", name], {
      timeoutMs: APT_TIMEOUT_MS,
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
  } catch (error) {
    throw unavailable(name, error);
  }
}

async function updateLists(): Promise<void> {
  await runCommand("apt-get", ["update", "-q"], { timeoutMs: APT_TIMEOUT_MS });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function unavailable(name: string, error: unknown): ServiceUnavailableError {
  const why = error instanceof Error ? error.message : String(error);
  return new ServiceUnavailableError(`Debian's ${name} could not be had: ${why}`);
}
