import ts from "typescript";
import { type BlockFunction, isFunctionWithBody } from "./functions.ts";
import { nodesOf } from "./sources.ts";

/**
 * Cognitive complexity as SonarSource defines it (Campbell, "Cognitive Complexity", appendix B): one for each break of
 * the flow, one more for each level that it is nested in, and what is inside of a function counts for that function.
 * Of recursion it sees a function that calls itself, and no circle of several.
 */
export function cognitiveComplexity(outermost: BlockFunction): number {
  return sum(outermost.body, 0) + (callsItself(outermost) ? 1 : 0);
}

/** What a node adds, with all that is below it, `nesting` levels deep. */
function sum(node: ts.Node, nesting: number): number {
  if (ts.isIfStatement(node)) return sumOfIf(node, nesting);
  let total = ownPoints(node, nesting);
  node.forEachChild((child) => {
    total += sum(child, nesting + (nests(node, child) ? 1 : 0));
  });
  return total;
}

/** `else` and `else if` add one whatever their level; what they hold is as deep as what the `if` holds. */
function sumOfIf(node: ts.IfStatement, nesting: number): number {
  const { expression, thenStatement, elseStatement: other } = node;
  const isElseIf = ts.isIfStatement(node.parent) && node.parent.elseStatement === node;
  const own = isElseIf ? 1 : 1 + nesting;
  const both = own + sum(expression, nesting) + sum(thenStatement, nesting + 1);
  if (other === undefined) return both;
  return both + (ts.isIfStatement(other) ? sum(other, nesting) : 1 + sum(other, nesting + 1));
}

function ownPoints(node: ts.Node, nesting: number): number {
  if (breaksFlow(node)) return 1 + nesting;
  if (ts.isBreakOrContinueStatement(node)) return node.label === undefined ? 0 : 1;
  return ts.isBinaryExpression(node) ? logicalSequences(node) : 0;
}

function breaksFlow(node: ts.Node): boolean {
  return ts.isIterationStatement(node, false) || ts.isSwitchStatement(node) ||
    ts.isCatchClause(node) || ts.isConditionalExpression(node);
}

/** True where a child is a level deeper than its parent. */
function nests(parent: ts.Node, child: ts.Node): boolean {
  if (isFunctionWithBody(child)) return true;
  if (ts.isConditionalExpression(parent)) return child !== parent.condition;
  if (ts.isIterationStatement(parent, false)) return child === parent.statement;
  return ts.isCaseBlock(child) || (ts.isCatchClause(parent) && ts.isBlock(child));
}

/** One for each run of like operators: `a && b && c` is one, `a && b || c` two. `??` is a shorthand and adds nothing. */
function logicalSequences(node: ts.BinaryExpression): number {
  const above = ts.findAncestor(node.parent, (one) => !ts.isParenthesizedExpression(one));
  if (!isLogical(node) || (above !== undefined && isLogical(above))) return 0;
  const operators = operatorsOf(node);
  return operators.filter((operator, i) => operator !== operators[i - 1]).length;
}

function operatorsOf(node: ts.Node): ts.SyntaxKind[] {
  const inner = ts.isParenthesizedExpression(node) ? node.expression : node;
  if (inner !== node) return operatorsOf(inner);
  if (!isLogical(node)) return [];
  return [...operatorsOf(node.left), node.operatorToken.kind, ...operatorsOf(node.right)];
}

function isLogical(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) &&
    [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken]
      .includes(node.operatorToken.kind);
}

function callsItself(outermost: BlockFunction): boolean {
  const name = outermost.name?.getText();
  return name !== undefined &&
    nodesOf(outermost.body).some((node) => ts.isCallExpression(node) && isOwn(node, outermost));
}

function isOwn({ expression }: ts.CallExpression, { name, kind }: BlockFunction): boolean {
  const called = expression.getText();
  return called === name!.getText()
    ? kind === ts.SyntaxKind.FunctionDeclaration
    : called === `this.${name!.getText()}`;
}
