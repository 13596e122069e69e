import ts from "typescript";
import { nodesOf, placeOf } from "./sources.ts";

const OFFER = ["kind", "size", "folder", "files", "modified", "executable", "text"];
const RECEIPT = ["savedAs", "sha256", "bytes", "resumedAt"];

type Sources = ReadonlyMap<string, ts.SourceFile>;

/** Where the receipt is defined: types and tables of checks with its four fields and at most two more. */
export function receiptDefinitions(sources: Sources): string[] {
  return placesIn(sources, (node) => {
    const names = namesIn(node);
    return isDefinition(node) && lists(names, RECEIPT) && names.length <= RECEIPT.length + 2;
  });
}

/**
 * Where a new field of the offer has to be added, beside its table in the messages: each function, type and table that
 * lists all of them by name.
 */
export function offerRepetitions(sources: Sources): string[] {
  const places = placesIn(sources, (node) => lists(namesIn(node), OFFER), statementOf);
  return places.filter((place) => !place.startsWith("src/protocol/messages.ts"));
}

function placesIn(
  sources: Sources,
  fits: (node: ts.Node) => boolean,
  place: (node: ts.Node) => ts.Node = (node) => node,
): string[] {
  const places = [...sources].flatMap(([path, source]) =>
    [...nodesOf(source)].filter(fits).map((node) => placeOf(place(node), path))
  );
  return [...new Set(places)];
}

/** The function or top-level statement that a node is in. */
function statementOf(node: ts.Node): ts.Node {
  return ts.findAncestor(node, (one) => {
    return ts.isFunctionDeclaration(one) || ts.isMethodDeclaration(one) ||
      ts.isSourceFile(one.parent);
  })!;
}

/** A type, or an object whose values are checks: `{ bytes: int() }`. */
function isDefinition(node: ts.Node): boolean {
  return ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node) ||
    (ts.isObjectLiteralExpression(node) &&
      node.properties.some((one) =>
        ts.isPropertyAssignment(one) && ts.isCallExpression(one.initializer)
      ));
}

function lists(names: readonly string[], fields: readonly string[]): boolean {
  return fields.every((field) => names.includes(field));
}

/** The names that a literal, a type, a pattern or a union of strings lists. */
function namesIn(node: ts.Node): string[] {
  if (ts.isObjectLiteralExpression(node)) return node.properties.map(nameOf);
  if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) {
    return node.members.map(nameOf);
  }
  if (ts.isObjectBindingPattern(node)) return node.elements.map(nameOf);
  if (ts.isUnionTypeNode(node)) return node.types.map((type) => type.getText().slice(1, -1));
  return [];
}

function nameOf({ name }: { readonly name?: ts.Node }): string {
  return name?.getText() ?? "";
}
