import {
  brackets,
  fitsInOneLine,
  foldText,
  hasMembers,
  keySpans,
  layInOneLine,
  spansWidth,
} from "./json_line.ts";
import type { JsonMember, JsonNode } from "./json_tree.ts";
import { shareOut } from "../csv/table.ts";
import type { Span } from "../text/spans.ts";

/** The room that a value has: cells in a line, and lines. */
export interface Room {
  width: number;
  lines: number;
}

const INDENT: Span = { text: "  ", style: "plain" };

/** A container laid out takes at least an opening, a member and a closing line. */
const MIN_LINES = 3;

/**
 * Lays a value out in the lines there are, one member a line or more. What there is no room for is
 * folded, and the fold says how much it is. Recurses as deep as the tree is kept.
 */
export function layJson(node: JsonNode, { width, lines }: Room): Span[][] {
  if (!hasMembers(node) || lines < MIN_LINES) return [layInOneLine(node, width)];
  const members = membersShown(node, lines - 2);
  if (members.length === 0) return [layInOneLine(node, width)];
  const isFolded = members.length < node.count || !node.closed;
  const inner = { width: width - INDENT.text.length, lines: lines - 2 - (isFolded ? 1 : 0) };
  const shares = shareLines(members, inner);
  const body = members.flatMap((member, i) => {
    const comma = i < members.length - 1 || isFolded ? "," : "";
    return layMember(member, { width: inner.width, lines: shares[i]!, comma });
  });
  if (isFolded) body.push([{ text: foldText(node, members.length), style: "dim" }]);
  const [open, close] = brackets(node);
  return [[open], ...body.map((line) => [INDENT, ...line]), [close]];
}

/**
 * All members if there is a line for each, else one less than there are lines: the last says what
 * is folded.
 */
function membersShown({ members, count, closed }: JsonNode, lines: number): JsonMember[] {
  const isWhole = closed && count === members.length && count <= lines;
  return isWhole ? members : members.slice(0, lines - 1);
}

/** Each member gets a line, and of the others what it needs or its share. */
function shareLines(members: JsonMember[], { width, lines }: Room): number[] {
  const needs = members.map((member) => linesWanted(member, { width, lines }) - 1);
  return shareOut(needs, lines - members.length).map((extra) => 1 + extra);
}

/** Counts the lines that a member takes if it is laid out whole, no further than `lines`. */
function linesWanted(member: JsonMember, { width, lines }: Room): number {
  const { node } = member;
  if (isOneLine(member, width)) return 1;
  let wanted = 2 + (node.members.length < node.count || !node.closed ? 1 : 0);
  for (const inner of node.members) {
    if (wanted >= lines) break;
    wanted += linesWanted(inner, { width: width - INDENT.text.length, lines: lines - wanted });
  }
  return wanted;
}

function layMember(
  member: JsonMember,
  { width, lines, comma }: Room & { comma: string },
): Span[][] {
  const value = lines < MIN_LINES || isOneLine(member, width)
    ? [layInOneLine(member.node, roomBesideKey(member, width))]
    : layJson(member.node, { width, lines });
  value[0]!.unshift(...keySpans(member, width));
  value.at(-1)!.push({ text: comma, style: "plain" });
  return value;
}

function isOneLine(member: JsonMember, width: number): boolean {
  return !hasMembers(member.node) || fitsInOneLine(member.node, roomBesideKey(member, width));
}

/** The cells that key and comma leave of a line. */
function roomBesideKey(member: JsonMember, width: number): number {
  return width - spansWidth(keySpans(member, width)) - 1;
}
