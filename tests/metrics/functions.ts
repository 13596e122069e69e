import ts from "typescript";
import { nodesOf } from "./sources.ts";

/** A function, method, accessor, constructor or arrow whose body is a block. */
export type BlockFunction = ts.FunctionLikeDeclaration & { readonly body: ts.Block };

/** Each function below `node` that has a block for its body. */
export function* functionsIn(node: ts.Node): Generator<BlockFunction> {
  for (const one of nodesOf(node)) if (isBlockFunction(one)) yield one;
}

/** Each of them that is not inside another. */
export function* outermostIn(node: ts.Node): Generator<BlockFunction> {
  for (const one of functionsIn(node)) {
    if (ts.findAncestor(one.parent, isBlockFunction) === undefined) yield one;
  }
}

/** Lines from the first of its declaration to the last of its body. */
export function linesOf(node: ts.Node): number {
  const file = node.getSourceFile();
  const lineAt = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  return lineAt(node.end) - lineAt(node.getStart(file)) + 1;
}

/** True for a function of any kind that has a body. */
export function isFunctionWithBody(node: ts.Node): boolean {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

function isBlockFunction(node: ts.Node): node is BlockFunction {
  return ts.isFunctionLike(node) && "body" in node && ts.isBlock(node.body as ts.Node ?? node);
}
