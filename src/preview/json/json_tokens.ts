/**
 * A piece of JSON text (RFC 8259, section 2): what it is and where it stands; its text stays as
 * written.
 */
export interface Token {
  type: TokenType;
  start: number;
  end: number;
  /** For `bad`, and for `cut` where the text ends for good: what should stand there. */
  expected?: string;
}

/**
 * The types of tokens: `cut` is one that the end of the text cuts in two, `bad` is none at all, and
 * `comment` is known, though JSON has none.
 */
export type TokenType =
  | Punctuation
  | "string"
  | "number"
  | "literal"
  | "comment"
  | "end"
  | "cut"
  | "bad";

type Punctuation = "{" | "}" | "[" | "]" | ":" | ",";

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const NUMBER_CHARACTERS = /[-+.eE0-9]+/y;
const LITERAL = /true|false|null/y;
const COMMENT = /\/\/[^\n\r]*|\/\*[^]*?\*\//y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** The longest of those that are not strings and not cut at any length: an escape, a literal. */
const MAX_SHORT_LENGTH = 6;

/** Reads the token that begins at or after `at`. */
export function nextToken(text: string, at: number): Token {
  const start = skipSpace(text, at);
  const char = text[start];
  if (char === undefined) return { type: "end", start, end: start };
  if (isPunctuation(char)) return { type: char, start, end: start + 1 };
  if (char === '"') return stringToken(text, start);
  if (char === "-" || (char >= "0" && char <= "9")) return numberToken(text, start);
  if (char === "/") return commentToken(text, start);
  LITERAL.lastIndex = start;
  if (LITERAL.test(text)) return { type: "literal", start, end: LITERAL.lastIndex };
  return wrong(text, start);
}

function skipSpace(text: string, at: number): number {
  for (let i = at;; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return i;
  }
}

function isPunctuation(char: string): char is Punctuation {
  return "{}[]:,".includes(char);
}

/**
 * A loop and no expression: one that fails on a string of a megabyte could try a megabyte of ways.
 */
function stringToken(text: string, start: number): Token {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return { type: "string", start, end: i + 1 };
    if (code < 0x20) {
      return { ...wrong(text, i, "an escape for the control character"), type: "bad" };
    }
    if (code !== 0x5c) continue;
    ESCAPE.lastIndex = i;
    if (!ESCAPE.test(text)) return wrong(text, i, "an escape that JSON knows");
    i = ESCAPE.lastIndex - 1;
  }
  return { type: "cut", start, end: text.length, expected: "a closing quote" };
}

function numberToken(text: string, start: number): Token {
  NUMBER.lastIndex = NUMBER_CHARACTERS.lastIndex = start;
  const isNumber = NUMBER.test(text);
  NUMBER_CHARACTERS.test(text);
  const isCut = NUMBER_CHARACTERS.lastIndex === text.length && NUMBER.lastIndex < text.length;
  if (isCut) return { type: "cut", start, end: text.length, expected: "a number" };
  if (!isNumber) return wrong(text, start, "a number");
  return { type: "number", start, end: NUMBER.lastIndex };
}

function commentToken(text: string, start: number): Token {
  COMMENT.lastIndex = start;
  if (COMMENT.test(text)) return { type: "comment", start, end: COMMENT.lastIndex };
  const isOpen = text.startsWith("/*", start);
  return isOpen ? { type: "cut", start, end: text.length, expected: '"*/"' } : wrong(text, start);
}

function wrong(text: string, start: number, expected?: string): Token {
  const type = text.length - start < MAX_SHORT_LENGTH ? "cut" : "bad";
  return { type, start, end: text.length, ...(expected && { expected }) };
}
