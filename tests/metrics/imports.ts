import { dirname, join } from "node:path";
import ts from "typescript";

/** The groups of files that import each other round about, types included. */
export function importCircles(sources: ReadonlyMap<string, ts.SourceFile>): string[][] {
  const below = new Map([...sources.keys()].map((path) => [path, reachable(path, sources)]));
  const circles = [...sources.keys()].map((path) =>
    [...below.get(path)!].filter((other) => below.get(other)!.has(path)).sort()
  );
  return [...new Set(circles.filter((circle) => circle.length > 0).map((circle) => circle.join()))]
    .map((circle) => circle.split(","));
}

/** All that a file imports, and what that imports in its turn; itself only where it is in a circle. */
function reachable(from: string, sources: ReadonlyMap<string, ts.SourceFile>): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string) => {
    for (const imported of importsOf(path, sources)) {
      if (!seen.has(imported)) visit((seen.add(imported), imported));
    }
  };
  visit(from);
  return seen;
}

function importsOf(path: string, sources: ReadonlyMap<string, ts.SourceFile>): string[] {
  return sources.get(path)!.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const to = statement.moduleSpecifier;
    if (to === undefined || !ts.isStringLiteral(to) || !to.text.startsWith(".")) return [];
    return [join(dirname(path), to.text)].filter((imported) => sources.has(imported));
  });
}
