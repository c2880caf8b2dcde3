import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { argv } from "node:process";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const root = resolve(import.meta.dirname, "..");

/** One built form of the browser SDK. */
export interface BuiltScript {
  file: string;
  code: string;
  bytes: number;
  gzipBytes: number;
}

/**
 * Builds the browser SDK: `freshet.js`, a module, and `freshet.global.js`, a plain script that defines `Freshet`.
 *
 * @param outDir where to write them; absent: they are measured only.
 */
export async function buildBrowserClient(outDir?: string): Promise<BuiltScript[]> {
  return buildLibrary("client/browser/freshet.ts", ["freshet.js", "freshet.global.js"], outDir);
}

/** Builds the live library, `freshet-live.js`, a module. @param outDir where to write it; absent: it is measured only. */
export async function buildLiveClient(outDir?: string): Promise<BuiltScript[]> {
  return buildLibrary("client/live/freshet-live.ts", ["freshet-live.js"], outDir);
}

async function buildLibrary(
  entry: string,
  [module = "", global]: string[],
  outDir?: string,
): Promise<BuiltScript[]> {
  const built = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    build: {
      target: "es2022",
      lib: {
        entry: resolve(root, entry),
        name: "Freshet",
        formats: global === undefined ? ["es"] : ["es", "iife"],
        fileName: (format) => (format === "es" ? module : (global ?? module)),
      },
      // Vite leaves library modules unminified; this one is served as it is.
      minify: false,
      rolldownOptions: { output: { minify: true } },
      write: outDir !== undefined,
      outDir: outDir ?? resolve(root, "dist/client"),
      emptyOutDir: false,
    },
  });
  return [built].flat().flatMap((result) => ("output" in result ? result.output.map(measure) : []));
}

/**
 * Writes the types of both libraries: `freshet.d.ts` and `freshet-live.d.ts`, which name files in `types/`.
 *
 * @throws what the compiler says, if it refuses them.
 */
export function writeTypes(outDir: string): void {
  const entries = {
    "freshet.d.ts": "client/browser/freshet",
    "freshet-live.d.ts": "client/live/freshet-live",
  };
  const flags =
    "--ignoreConfig --declaration --emitDeclarationOnly --allowImportingTsExtensions --strict --exactOptionalPropertyTypes" +
    " --target es2024 --lib es2024,dom,dom.iterable --module esnext --moduleResolution bundler --rootDir .";
  const files = Object.values(entries).map((entry) => `${entry}.ts`);
  const { status, stdout } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    [...files, ...flags.split(" "), "--types", "", "--outDir", join(outDir, "types")],
    { cwd: root, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the types cannot be made:\n${stdout}`);
  for (const [file, entry] of Object.entries(entries))
    writeFileSync(join(outDir, file), `export * from "./types/${entry}.js";\n`);
}

function measure(output: { fileName: string; code?: string; source?: string | Uint8Array }): BuiltScript {
  const code = output.code ?? String(output.source);
  return {
    file: output.fileName,
    code,
    bytes: Buffer.byteLength(code),
    gzipBytes: gzipSync(code, { level: 9 }).length,
  };
}

if (argv[1] === import.meta.filename) {
  const outDir = resolve(root, "dist/client");
  for (const { file, bytes, gzipBytes } of [
    ...(await buildBrowserClient(outDir)),
    ...(await buildLiveClient(outDir)),
  ]) {
    console.log(`dist/client/${file}: ${bytes} bytes, ${gzipBytes} gzip`);
  }
  writeTypes(outDir);
}
