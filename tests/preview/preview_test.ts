// deno-lint-ignore-file no-control-regex -- escapes are what is looked for
import assert from "node:assert/strict";
import naughtyStrings from "big-list-of-naughty-strings" with { type: "json" };
import fc from "fast-check";
import type { PreviewOptions } from "../../src/preview/options.ts";
import { preview } from "../../src/preview/preview.ts";
import { PLAIN, previewFile } from "./preview_file.ts";
import { inEachFormat, quarters } from "./image/test_images.ts";
import { fullOr } from "../helpers/full_or.ts";

/** Whatever a terminal acts on: C0, DEL, C1, bidi, and what is not seen. */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Cs}]/u;

/** The escapes that previews make. */
const OURS = /\x1b\[[\d;]*m/g;

/** Naughty strings in one file. */
const SOME = fullOr(10, 25);

Deno.test("preview makes naughty strings visible in cells, keys, strings and text", async () => {
  for (const color of fullOr(["none", "truecolor"] as const, ["truecolor"] as const)) {
    for (let i = 0; i < naughtyStrings.length; i += SOME) {
      const some = naughtyStrings.slice(i, i + SOME);
      await assertVisible("x.csv", some.map((text) => `"${text.replaceAll('"', '""')}",1`), color);
      await assertVisible(
        "x.json",
        [JSON.stringify(Object.fromEntries(some.map((s) => [s, s])))],
        color,
      );
      await assertVisible("x.json", ["[", ...some.map((s) => `"${s}",`), "1]"], color);
      await assertVisible("x.txt", some, color);
    }
  }
});

Deno.test("preview writes no byte that a terminal acts on but its own colours", async () => {
  const evil = fc.constantFrom(
    "\x1b[2J",
    "\x1b]0;x\x07",
    "\x9b31m",
    "\x7f",
    "\u202e",
    "\u200b",
    "\r",
    "\0",
    "\b",
    "a",
    "\n",
    ",",
    '"',
    "{",
    "[",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("x.csv", "x.json", "x.txt", "x.tsv"),
      fc.array(evil, { maxLength: 40 }),
      async (name, parts) => await assertVisible(name, [parts.join("")], "256"),
    ),
    { numRuns: fullOr(100, 20) },
  );
});

Deno.test("preview draws a picture by each protocol, with what it is below", async () => {
  const { png } = await inEachFormat(quarters(32, 16));
  const options = { color: "truecolor" } as const;
  const caption = "\x1b[2mPNG · 32 × 16 · 133 B\x1b[0m";
  const starts: [PreviewOptions["graphics"], RegExp, lines: number][] = [
    ["kitty", /^\x1b_Ga=T,f=100,q=2,c=5,m=0;/, 2],
    ["iterm2", /^\x1b\]1337;File=inline=1;size=\d+;width=5;preserveAspectRatio=1:/, 2],
    ["sixel", /^\x1bP0;1;q"1;1;32;16#/, 2],
    [
      "blocks",
      /^\x1b\[38;2;255;0;0;48;2;255;0;0m▀{16}\x1b\[38;2;0;255;0;48;2;0;255;0m▀{16}\x1b\[0m$/,
      9,
    ],
  ];
  for (const [graphics, start, count] of starts) {
    const lines = await previewFile("x.png", png!, { ...options, graphics });
    assert.match(lines[0]!, start, graphics);
    assert.equal(lines.length, count, graphics);
    assert.match(lines.at(-1)!, /PNG · 32 × 16 · \d+ B/, caption);
  }
});

Deno.test("preview writes not one escape byte without a terminal", async () => {
  const { png, jpg } = await inEachFormat(quarters(40, 20));
  const files: [string, string | Uint8Array][] = [
    ["x.png", png!],
    ["x.jpg", jpg!],
    ["x.csv", "a,b\n1,\x1b[31m2\n"],
    ["x.json", '{"a": "\\u001b", "b": 1}'],
    ["broken.json", '{"a": \x1b'],
    ["x.txt", "\x1b[31mred"],
    ["x.bin", new Uint8Array(100)],
    ["x", ""],
  ];
  for (const [name, content] of files) {
    const text = (await previewFile(name, content)).join("\n");
    assert.doesNotMatch(text.replaceAll("\n", ""), ACTIVE, name);
    assert.ok(text.length > 0);
  }
});

Deno.test("preview goes by content first: a picture under another name is drawn", async () => {
  const { gif } = await inEachFormat(quarters(8, 8));
  assert.match((await previewFile("table.csv", gif!)).at(-1)!, /^GIF · 8 × 8 · /);
});

Deno.test("preview shows the first lines of a text, cut to the width", async () => {
  const text = Array.from({ length: 50 }, (_, i) => `line ${i + 1} ${"x".repeat(100)}`).join(
    "\r\n",
  );
  const lines = await previewFile("notes.txt", text, { columns: 20, previewRows: 3 });
  assert.deepEqual(lines.slice(0, 3), [
    "line 1 xxxxxxxxxxxx…",
    "line 2 xxxxxxxxxxxx…",
    "line 3 xxxxxxxxxxxx…",
  ]);
  const wide = await previewFile("notes.txt", text, { previewRows: 3 });
  assert.equal(wide.at(-1), "text · UTF-8 · 5.5 KB · 3 lines of 50 shown");
});

Deno.test("preview reads no more than the beginning of a text", async () => {
  const lines = await previewFile("notes.txt", "line\n".repeat(100_000), { previewRows: 100_000 });
  assert.equal(lines.length, 13_109);
  assert.equal(lines.at(-1), "text · UTF-8 · 500 KB · the first 13,108 lines shown");
});

Deno.test("preview tells type and size of anything else", async () => {
  const zip = new Uint8Array([0x50, 0x4b, 3, 4, ...new Uint8Array(996)]);
  assert.deepEqual(await previewFile("x.zip", zip), [
    "ZIP archive, or a document made of one · 1.0 KB",
  ]);
  assert.deepEqual(await previewFile("x.bin", new Uint8Array(50)), ["binary data · 50 B"]);
  assert.deepEqual(await previewFile("x.csv", ""), ["empty file"]);
  assert.deepEqual(await previewFile("x.bin", new Uint8Array(50), { columns: 8 }), ["binary …"]);
});

Deno.test({
  name: "preview shows a file whose size the system states as 0",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const lines = await preview("/proc/self/status", { ...PLAIN, previewRows: 1 });
    assert.match(lines[0]!, /^Name:/);
    assert.match(lines.at(-1)!, /^text · UTF-8 · [\d.]+ KB · 1 line of \d+ shown$/);
  },
});

Deno.test("preview never throws: what cannot be shown is one line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.deepEqual(await preview(`${folder}/none`, PLAIN), ["no preview: it is not there"]);
    assert.deepEqual(await preview(folder, PLAIN), ["no preview: it is not a regular file"]);
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("preview loads no decoder and no parser before it needs one", async () => {
  const url = new URL("../../src/preview/preview.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", url],
    stdout: "piped",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  const loaded = staticImports(modules, url);
  for (const heavy of ["csv-parse", "imagescript", "sixel", "utif2", "@cwasm", "geotiff"]) {
    assert.ok(
      ![...loaded].some((specifier) => specifier.startsWith("npm:") && specifier.includes(heavy)),
      heavy,
    );
  }
  assert.ok([...loaded].some((specifier) => specifier.endsWith("/json_tree.ts")));
});

interface Module {
  specifier: string;
  dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[];
}

/** All that is loaded with a module, dynamic imports aside. */
function staticImports(modules: Module[], root: string): Set<string> {
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const seen = new Set<string>();
  const visit = (specifier: string) => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code && !isDynamic) visit(code.specifier);
    }
  };
  visit(root);
  return seen;
}

async function assertVisible(name: string, lines: string[], color: PreviewOptions["color"]) {
  const shown = await previewFile(name, lines.join("\n"), { color, previewRows: 30 });
  for (const line of shown) assert.doesNotMatch(line.replaceAll(OURS, ""), ACTIVE, name);
}
