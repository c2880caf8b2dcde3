import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFiles } from "./read-files.ts";

let folder = "";
const put = async (path: string, content: string | Uint8Array) => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};
const read = async (paths: string[], stdin = "") => {
  const { files, faults } = await readFiles(
    paths.map((path) => (path === "-" ? path : join(folder, path))),
    Readable.from([Buffer.from(stdin)]),
  );
  return {
    files: files.map(({ path, text }) => [path.startsWith(folder) ? relative(folder, path) : path, text]),
    faults: faults.map((fault) => fault.replace(`${folder}/`, "")),
  };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-files-"));
  await put("defs/b.json", "b");
  await put("defs/a/z.json", "z");
  await put("defs/readme.md", "no definition");
  await put("defs/.git/x.json", "hidden");
  await put("defs/node_modules/x/package.json", "not ours");
  await put("one.txt", "\uFEFFone");
  await put("latin1.json", Uint8Array.of(0x22, 0xe4, 0x22));
  await put("none/readme.md", "");
});
afterAll(() => rm(folder, { recursive: true }));

test("[M1] a folder is read with all below it, by name, without what is hidden or no .json", async () => {
  expect(await read(["defs"])).toEqual({
    files: [
      ["defs/a/z.json", "z"],
      ["defs/b.json", "b"],
    ],
    faults: [],
  });
});

test("[M1] a file that is named is read whatever its name, once, and without a byte order mark", async () => {
  expect(await read(["one.txt", "defs/b.json", "defs", "one.txt"])).toEqual({
    files: [
      ["one.txt", "one"],
      ["defs/b.json", "b"],
      ["defs/a/z.json", "z"],
    ],
    faults: [],
  });
});

test("[M1] - is standard input", async () => {
  expect(await read(["-"], "piped")).toEqual({ files: [["standard input", "piped"]], faults: [] });
});

test("[M1] links are followed, as in a mounted ConfigMap, and round in circles no more than once", async () => {
  await put("mounted/..2026/m.json", "m");
  await symlink("..2026", join(folder, "mounted/..data"));
  await symlink("..data/m.json", join(folder, "mounted/m.json"));
  await symlink(".", join(folder, "mounted/again"));
  expect(await read(["mounted"])).toEqual({ files: [["mounted/m.json", "m"]], faults: [] });
});

test("[M1] says of everything that cannot be read why", async () => {
  expect(await read(["absent", "none", "latin1.json", "defs/b.json"])).toEqual({
    files: [["defs/b.json", "b"]],
    faults: [
      "absent: there is no such file or folder",
      "none: there is no .json file in this folder",
      "latin1.json: it is not UTF-8",
    ],
  });
});
