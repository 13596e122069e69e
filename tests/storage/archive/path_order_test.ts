import assert from "node:assert/strict";
import fc from "fast-check";
import { P2pError } from "../../../src/errors.ts";
import { MAX_OPEN_NAMES, PathOrder } from "../../../src/storage/archive/path_order.ts";
import { fullOr } from "../../helpers/full_or.ts";

Deno.test("PathOrder takes a tree depth first, with files and folders mixed", () => {
  add("a/", "a/1", "a/s/", "a/s/1", "a/s/t/", "a/s/t/1", "a/z", "b", "c/", "c/1");
});

Deno.test("PathOrder refuses one name twice in one folder, and takes those that differ by case", () => {
  const twins = [["x", "x"], ["x/", "x"], ["é", "é"]];
  for (const [first, second] of twins) {
    assertRefused(/another entry has the same name/, first!, second!);
    assertRefused(/another entry has the same name/, "d/", `d/${first}`, `d/${second}`);
  }
  add("X", "x", "d/", "d/STRASSE", "d/straße");
});

Deno.test("PathOrder takes one name in different folders, and the name of the folder itself", () => {
  add("a/", "a/a/", "a/a/a", "a/b", "b/", "b/a", "b/b");
});

Deno.test("PathOrder refuses a path whose folder was not announced, or was a file", () => {
  assertRefused(/"a\/x": its folder was not announced/, "a/x");
  assertRefused(/"a\/b\/x": its folder/, "a/", "a/b/x");
  assertRefused(/"a\/x": its folder/, "a", "a/x");
  assertRefused(/"A\/x": its folder/, "a/", "A/x");
});

Deno.test("PathOrder refuses to go back into a folder that was left", () => {
  assertRefused(/"a\/y": its folder .* has been left/, "a/", "a/x", "b", "a/y");
  assertRefused(/"a\/s\/y": its folder/, "a/", "a/s/", "a/t", "a/s/y");
  assertRefused(/"a": another entry/, "a/", "b", "a/");
});

Deno.test({
  name: "PathOrder bounds the names of open folders and forgets those of folders left",
  ignore: fullOr(false, true),
  fn() {
    const order = new PathOrder();
    order.add(["big"], true);
    for (let i = 1; i < MAX_OPEN_NAMES; i++) order.add(["big", `${i}`], false);
    assert.throws(() => order.add(["big", "one more"], false), /more than 262144 names/);
    order.add(["next"], true);
    order.add(["next", "1"], false);
  },
});

Deno.test("PathOrder quotes the end of a long path", () => {
  const deep = new Array(32).fill("d".repeat(255));
  assert.throws(
    () => new PathOrder().add(deep, false),
    (error: Error) => error.message.length < 250,
  );
});

Deno.test("PathOrder takes every tree in the order of a depth-first walk, and no entry twice", () => {
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.dictionary(fc.stringMatching(/^[a-f]{1,3}$/), fc.option(tie("tree")), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(tree, (root) => {
      const entries = walk(root);
      add(...entries);
      for (const entry of entries) assertRefused(/cannot accept/, ...entries, entry);
    }),
    { numRuns: fullOr(100, 20) },
  );
});

interface Tree {
  [name: string]: Tree | null;
}

function walk(tree: Tree, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([name, sub]) =>
    sub === null ? [`${prefix}${name}`] : [`${prefix}${name}/`, ...walk(sub, `${prefix}${name}/`)]
  );
}

function add(...entries: string[]): void {
  const order = new PathOrder();
  for (const entry of entries) {
    const isFolder = entry.endsWith("/");
    order.add((isFolder ? entry.slice(0, -1) : entry).split("/"), isFolder);
  }
}

function assertRefused(message: RegExp, ...entries: string[]): void {
  assert.throws(() => add(...entries), (error: unknown) => {
    assert.ok(error instanceof P2pError && error.code === "refused");
    assert.match(error.message, message);
    return true;
  });
}
