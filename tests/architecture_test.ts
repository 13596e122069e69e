import assert from "node:assert/strict";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * Imports run one way only: each of these may import itself and what is below it (docs/architecture.md). `client` and
 * `hub` are the two sides of one wire, and know nothing of each other.
 */
const LAYERS = [
  ["main"],
  ["cli"],
  ["client", "hub"],
  ["home"],
  ["transfer"],
  ["storage"],
  ["protocol"],
  ["secure"],
  ["names"],
  ["transport"],
];

/** What everybody may import, and what imports nothing but each other. */
const COMMON = [
  "src/backoff.ts",
  "src/system_error.ts",
  "src/buffer_pool.ts",
  "src/bytes.ts",
  "src/clock.ts",
  "src/errors.ts",
  "src/notify.ts",
  "src/sleep.ts",
  "src/sweeps.ts",
  "src/trace.ts",
  "src/units.ts",
];

/** What stands beside the layers: who may import it, and which folders or files it may import itself. */
const BESIDE: Record<string, { by: string[]; imports: string[] }> = {
  preview: { by: ["cli"], imports: ["src/ui/", "src/transfer/source/kind.ts"] },
  // Transfers emit events, and ui draws them.
  ui: { by: ["cli", "preview"], imports: ["src/transfer/events.ts"] },
};

/** The most files that one folder of `src/` holds, its sub-folders aside. */
const MAX_FILES_IN_A_FOLDER = 20;

/** Files that talk to a terminal or a pipe without being of `cli/` or `ui/`: the far end of a pipe of our own. */
const WRITERS = ["src/preview/image/image_child.ts"];

interface Import {
  from: string;
  /** A path from the root, or the specifier where it is none of ours. */
  to: string;
  /** Gone when the program runs. */
  typeOnly: boolean;
}

const files = ["main.ts", ...sourceFiles("src")];
const texts = new Map(
  files.map((file) => [file, withoutComments(Deno.readTextFileSync(join(root, file)))]),
);
const imports = files.flatMap((file) => importsOf(file, texts.get(file)!));
const ours = imports.filter(({ to }) => to.startsWith("src/") || to === "main.ts");

Deno.test("importsOf finds every kind of import", () => {
  const text = [
    'import a from "./a.ts";',
    'import type { B } from "./b.ts";',
    'import {\n  c,\n  type C,\n} from "./c.ts";',
    'import { type D, type E } from "../d.ts";',
    'export * from "./e.ts";',
    'export { f } from "npm:f";',
    'import "./g.ts";',
    'const h = await import("./h.ts");',
    'import * as i from "node:i";',
    'import j, { k } from "j/k";',
    'const no = `from "./no.ts"`;',
  ].join("\n");
  const found = importsOf("src/x/x.ts", text).map(({ to, typeOnly }) =>
    `${to}${typeOnly ? " (type)" : ""}`
  );
  const expected = [
    "src/x/a.ts",
    "src/x/b.ts (type)",
    "src/x/c.ts",
    "src/d.ts (type)",
    "src/x/e.ts",
    "npm:f",
    "src/x/g.ts",
  ]
    .concat(["src/x/h.ts", "node:i", "j/k"]);
  assert.deepEqual(found.sort(), expected.sort());
  assert.ok(files.length > 40 && imports.length > 100, "nothing is looked at");
});

Deno.test("imports run one way only", () => {
  assert.deepEqual(ours.filter((edge) => !isAllowed(edge)).map(shown), []);
});

Deno.test("isAllowed refuses what runs the other way", () => {
  const edges = [
    ["src/transport/a.ts", "src/secure/b.ts"],
    ["src/protocol/a.ts", "src/transfer/b.ts"],
    ["src/protocol/a.ts", "src/storage/b.ts"],
    ["src/protocol/a.ts", "src/home/b.ts"],
    ["src/names/a.ts", "src/secure/b.ts"],
    ["src/hub/a.ts", "src/cli/b.ts"],
    ["src/hub/relay/a.ts", "src/cli/menu/b.ts"],
    ["src/hub/a.ts", "src/client/b.ts"],
    ["src/client/a.ts", "src/hub/policy/b.ts"],
    ["src/client/a.ts", "src/ui/b.ts"],
    ["src/hub/a.ts", "src/ui/b.ts"],
    ["src/transfer/a.ts", "src/preview/b.ts"],
    ["src/storage/a.ts", "src/transfer/b.ts"],
    ["src/ui/a.ts", "src/cli/b.ts"],
    ["src/errors.ts", "src/ui/b.ts"],
    ["src/cli/a.ts", "main.ts"],
    ["src/cli/a.ts", "src/new/b.ts"],
  ];
  for (const [from, to] of edges) {
    assert.ok(!isAllowed({ from: from!, to: to!, typeOnly: false }), `${from} -> ${to}`);
  }
});

Deno.test("no module needs itself, by whatever way round, types included", () => {
  const needs = Map.groupBy(ours, ({ from }) => from);
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) assert.fail([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file)) return;
    for (const { to } of needs.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  files.forEach((file) => visit(file, []));
});

Deno.test("a folder holds so few files that they can be read at a glance", () => {
  const folders = Map.groupBy(files, (file) => dirname(file));
  const crowded = [...folders].filter(([, held]) => held.length > MAX_FILES_IN_A_FOLDER);
  assert.deepEqual(crowded.map(([folder, held]) => `${folder}: ${held.length}`), []);
});

Deno.test("dependencies come through the import map, from npm", () => {
  const { imports: map } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
  const names = Object.keys(map);
  const others = imports.filter(({ to }) =>
    !to.startsWith("src/") && to !== "main.ts" && to !== "deno.json"
  );
  const isKnown = (to: string) =>
    names.some((name) => to === name || (name.endsWith("/") && to.startsWith(name)));
  assert.deepEqual(
    others.filter(({ to }) => !to.startsWith("node:") && !isKnown(to)).map(shown),
    [],
  );
  assert.deepEqual(names.filter((name) => !map[name].startsWith("npm:")), []);
});

Deno.test("a start reads no command that is not asked for, and the executable has them all", () => {
  // What the runtime can follow it reads before it starts.
  const read = new Set(["main.ts"]);
  for (const file of read) {
    const text = texts.get(file)!.replaceAll(/\bimport\("[^"]+" as string\)/g, "");
    for (const { to, typeOnly } of importsOf(file, text)) {
      if (texts.has(to) && !typeOnly) read.add(to);
    }
  }
  assert.ok(read.size > 5);
  assert.deepEqual([...read].filter((file) => file.startsWith("src/cli/commands/")), []);
  assert.match(project.tasks.compile, / --include src\/cli\/commands /);
});

Deno.test("every file that is imported is there", () => {
  assert.deepEqual(ours.filter(({ to }) => !files.includes(to)).map(shown), []);
});

Deno.test("only main.ts exits", () => {
  const exits = files.filter((file) => /\b(Deno|process)\s*\.\s*exit\s*\(/.test(texts.get(file)!));
  assert.deepEqual(exits, ["main.ts"]);
});

Deno.test("only cli and ui write to the terminal", () => {
  const writers = files.filter((file) =>
    /\bconsole\s*\.|\b(Deno|process)\s*\.\s*std(out|err)\b/.test(texts.get(file)!)
  );
  const others = writers.filter((file) => !["cli", "ui"].includes(folderOf(file)));
  assert.deepEqual(others.filter((file) => !WRITERS.includes(file)), []);
});

Deno.test("only the decoding process decodes pictures, and only that process is ever run", () => {
  const runners = files.filter((file) =>
    /\bDeno\s*\.\s*(Command|run)\b|child_process/.test(texts.get(file)!)
  );
  assert.deepEqual(runners, [
    "src/preview/image/image_process.ts",
    "src/transport/listener_owner.ts", // Prints what the runtime does not open.
  ]);
  for (const file of ["image_decoders", "image_header"]) {
    const users = imports.filter(({ to, typeOnly }) =>
      !typeOnly && to === `src/preview/image/${file}.ts`
    );
    assert.deepEqual(users.map(({ from }) => from), ["src/preview/image/image_child.ts"]);
  }
  const formats = imports.filter(({ to, typeOnly }) =>
    !typeOnly && to === "src/preview/image/formats/formats.ts"
  );
  assert.deepEqual(
    formats.map(({ from }) => from).sort(),
    ["child", "decoders", "header"].map((name) => `src/preview/image/image_${name}.ts`),
  );
});

Deno.test("files are named after what they hold", () => {
  assert.deepEqual(
    files.filter((file) => /^(index|utils?|helpers?|common|misc|mod)\.ts$/.test(basename(file))),
    [],
  );
  assert.deepEqual(
    files.filter((file) => !/^[a-z0-9]+(_[a-z0-9]+)*\.ts$/.test(basename(file))),
    [],
  );
});

function isAllowed({ from, to }: Import): boolean {
  if (COMMON.includes(to) || COMMON.includes(from)) return COMMON.includes(to);
  const [importer, imported] = [folderOf(from), folderOf(to)];
  if (importer === imported) return importer !== "main";
  const beside = BESIDE[importer];
  if (beside !== undefined) {
    return beside.imports.some((allowed) => to === allowed || isIn(to, allowed));
  }
  if (imported in BESIDE) return BESIDE[imported]!.by.includes(importer);
  const [left, right] = [layerOf(importer), layerOf(imported)];
  return left !== -1 && left < right;
}

function isIn(path: string, folder: string): boolean {
  return folder.endsWith("/") && path.startsWith(folder);
}

/** `cli` for src/cli/x.ts and src/cli/menu/x.ts, `main` for main.ts, `errors` for src/errors.ts. */
function folderOf(path: string): string {
  const [, folder, ...rest] = path.split("/");
  return rest.length > 0 ? folder! : basename(path, ".ts");
}

/** From the top; -1 for what is no layer. */
function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

function importsOf(from: string, text: string): Import[] {
  const stated =
    /^(?:import|export)\s+(type\s+)?(?:[\w$]+\s*,?\s*)?(\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*(?:from\s+)?"([^"\n]+)"/gm;
  const called = /\bimport\(\s*"([^"\n]+)"/g;
  return [
    ...[...text.matchAll(stated)].map(([, type, names, to]) => ({
      from,
      to: resolved(from, to!),
      typeOnly: type !== undefined || isOfTypes(names),
    })),
    ...[...text.matchAll(called)].map(([, to]) => ({
      from,
      to: resolved(from, to!),
      typeOnly: false,
    })),
  ];
}

function isOfTypes(names: string | undefined): boolean {
  const list = names?.startsWith("{")
    ? names.slice(1, -1).split(",").map((name) => name.trim())
    : [];
  return list.length > 0 && list.every((name) => name === "" || name.startsWith("type "));
}

function resolved(from: string, to: string): string {
  return to.startsWith(".") ? join(dirname(from), to).replaceAll("\\", "/") : to;
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
}

function sourceFiles(dir: string): string[] {
  return [...Deno.readDirSync(join(root, dir))].flatMap(({ name, isDirectory }) => {
    const path = `${dir}/${name}`;
    if (isDirectory) return sourceFiles(path);
    return name.endsWith(".ts") ? [relative(root, join(root, path)).replaceAll("\\", "/")] : [];
  }).sort();
}

function shown({ from, to }: Import): string {
  return `${from} -> ${to}`;
}
