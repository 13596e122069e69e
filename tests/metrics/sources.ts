import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** The source files of a tree, parsed, by their path from its root. */
export function readSources(root: string): Map<string, ts.SourceFile> {
  const paths = [join(root, "main.ts"), ...sourcesIn(join(root, "src"))];
  return new Map(paths.map((path) => {
    const text = Deno.readTextFileSync(path);
    return [relative(root, path), ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)];
  }));
}

/** The number of files in the fullest folder of `src/`, its sub-folders aside. */
export function mostInAFolder(paths: Iterable<string>): number {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return Math.max(...counts.values());
}

/** A node and all that is below it. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** Where a node begins, as an editor takes it: `src/a.ts:12`. */
export function placeOf(node: ts.Node, path: string): string {
  const file = node.getSourceFile();
  return `${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`;
}

function sourcesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return sourcesIn(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}
