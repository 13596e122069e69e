import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { OFFER_FIELDS, RECEIPT_FIELDS } from "../../src/protocol/messages.ts";
import { fieldsOf } from "../../src/protocol/schema.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const MESSAGES = "src/protocol/messages.ts";

Deno.test("fieldsOf takes the fields of a shape alone, in its order", () => {
  const receipt = { path: "/a", resumedAt: 0, bytes: 1, sha256: "00", savedAs: "a" };
  assert.equal(
    JSON.stringify(fieldsOf(RECEIPT_FIELDS, receipt)),
    '{"savedAs":"a","sha256":"00","bytes":1,"resumedAt":0}',
  );
});

Deno.test("the fields of an offer are listed once, and their plain values once", () => {
  const lists = listsOf(Object.keys(OFFER_FIELDS), 6);
  assert.deepEqual(lists, [MESSAGES, "src/transfer/source/source.ts"]);
});

Deno.test("a receipt is defined once", () => {
  const defines = /\bresumedAt\s*:\s*(int\(|number\b)/;
  const definitions = sources().filter(([, text]) => defines.test(text)).map(([path]) => path);
  assert.deepEqual(definitions, [MESSAGES]);
});

/** Files with a pair of braces that holds at least `least` of these names. */
function listsOf(names: string[], least: number): string[] {
  return sources().flatMap(([path, text]) => {
    const inBraces = [...text.matchAll(/\{[^{}]*\}/g)].map(([braces]) => keysOf(braces));
    const lists = inBraces.filter((keys) => names.filter((name) => keys.has(name)).length >= least);
    return lists.map(() => path);
  });
}

function keysOf(braces: string): Set<string> {
  return new Set([...braces.matchAll(/(?<=[{,]\s*)\w+(?=\s*[:,}])/g)].map(([key]) => key));
}

function sources(dir = "src"): [path: string, text: string][] {
  const entries = [...Deno.readDirSync(join(root, dir))].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => {
    const path = join(root, dir, name);
    if (isDirectory) return sources(`${dir}/${name}`);
    if (!name.endsWith(".ts")) return [];
    return [[relative(root, path).replaceAll("\\", "/"), Deno.readTextFileSync(path)]];
  });
}
