import { resolve } from "node:path";
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
  const built = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    build: {
      target: "es2022",
      lib: {
        entry: resolve(root, "client/browser/freshet.ts"),
        name: "Freshet",
        formats: ["es", "iife"],
        fileName: (format) => (format === "es" ? "freshet.js" : "freshet.global.js"),
      },
      // Vite leaves library modules unminified; this one is served as it is.
      minify: false,
      rolldownOptions: { output: { minify: true } },
      write: outDir !== undefined,
      outDir: outDir ?? resolve(root, "dist/client"),
    },
  });
  return [built].flat().flatMap((result) => ("output" in result ? result.output.map(measure) : []));
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
  for (const { file, bytes, gzipBytes } of await buildBrowserClient(resolve(root, "dist/client"))) {
    console.log(`dist/client/${file}: ${bytes} bytes, ${gzipBytes} gzip`);
  }
}
