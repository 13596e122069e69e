import { formatCount } from "../../units.ts";
import { fitText, widthOf } from "../text/fit_text.ts";
import type { JsonMember, JsonNode } from "./json_tree.ts";
import type { Span } from "../text/spans.ts";

/** The most cells that a key takes. */
const MAX_KEY_WIDTH = 40;

/** A value before others in a line gets half the room that is left, and at least this. */
const MIN_VALUE_WIDTH = 16;

const COMMA: Span = { text: ", ", style: "plain" };

/**
 * Lays a value out in one line of at most `width` cells. What does not fit is folded, and the fold
 * says how much it is.
 */
export function layInOneLine(node: JsonNode, width: number): Span[] {
  if (!isContainer(node)) {
    return [{ text: fitText(node.text, width), style: node.type as Span["style"] }];
  }
  const { spans, shown } = layMembers(node, width - 2);
  const isFolded = shown < node.count || !node.closed;
  if (isFolded) spans.push({ text: (shown > 0 ? ", " : "") + foldText(node, shown), style: "dim" });
  const [open, close] = brackets(node);
  return [open, ...spans, close];
}

/** Tells whether the whole value fits in a line of `width` cells. */
export function fitsInOneLine(node: JsonNode, width: number): boolean {
  return wholeWidth(node, width) <= width;
}

/** The opening and the closing bracket of a container. */
export function brackets({ type }: JsonNode): [Span, Span] {
  const [open, close] = type === "object" ? "{}" : "[]";
  return [{ text: open!, style: "plain" }, { text: close!, style: "plain" }];
}

/** The key of a member and its colon; nothing in an array. */
export function keySpans({ key }: JsonMember, width: number): Span[] {
  if (key === "") return [];
  const text = fitText(key, Math.max(4, Math.min(MAX_KEY_WIDTH, Math.floor(width / 2))));
  return [{ text, style: "key" }, { text: ": ", style: "plain" }];
}

/**
 * The text for the members after the first `shown`: `… 5 keys`, `… 12 more`, with a `+`
 * where the text ends within.
 */
export function foldText({ type, count, closed }: JsonNode, shown: number): string {
  const number = formatCount(count - shown) + (closed ? "" : "+");
  if (shown > 0) return count === shown ? "…" : `… ${number} more`;
  const noun = type === "object" ? "key" : "item";
  return `… ${number} ${noun}${count === 1 ? "" : "s"}`;
}

/** Tells whether a value is an object or an array with something in it. */
export function hasMembers(node: JsonNode): boolean {
  return isContainer(node) && (node.count > 0 || !node.closed);
}

/** Counts the cells that a line takes. */
export function spansWidth(spans: readonly Span[]): number {
  return spans.reduce((width, { text }) => width + widthOf(text), 0);
}

function isContainer({ type }: JsonNode): boolean {
  return type === "object" || type === "array";
}

/** As many members as there is room for, and for what is said of the others. */
function layMembers(node: JsonNode, width: number): { spans: Span[]; shown: number } {
  const spans: Span[] = [];
  let shown = 0;
  for (const member of node.members) {
    const isLast = shown + 1 === node.count && node.closed;
    const fold = isLast ? 0 : COMMA.text.length + widthOf(foldText(node, shown + 1));
    const before = [...(shown > 0 ? [COMMA] : []), ...keySpans(member, Infinity)];
    const room = width - spansWidth(spans) - spansWidth(before) - fold;
    if (room < leastWidth(member.node)) break;
    const share = isLast ? room : Math.max(MIN_VALUE_WIDTH, Math.floor(room / 2));
    spans.push(...before, ...layInOneLine(member.node, Math.min(room, share)));
    shown++;
  }
  return { spans, shown };
}

/** Cells that a value takes when it is cut or folded as far as makes sense. */
function leastWidth(node: JsonNode): number {
  if (!isContainer(node)) return Math.min(node.text.length, MIN_VALUE_WIDTH / 2);
  return 2 + (hasMembers(node) ? widthOf(foldText(node, 0)) : 0);
}

/** Cells of the value in one line, or more than `limit` as soon as that is clear. */
function wholeWidth(node: JsonNode, limit: number): number {
  if (!isContainer(node)) {
    return node.text.length > limit ? Infinity : widthOf(fitText(node.text, 10 * limit));
  }
  if (!node.closed || node.members.length < node.count) return Infinity;
  let width = 2;
  for (const { key, node: value } of node.members) {
    if (width > limit || key.length > MAX_KEY_WIDTH) return Infinity;
    width += (key === "" ? 0 : widthOf(fitText(key, 10 * limit)) + 2) +
      wholeWidth(value, limit - width) + 2;
  }
  return node.count > 0 ? width - 2 : width;
}
