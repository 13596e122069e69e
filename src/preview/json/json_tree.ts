import { setImmediate } from "node:timers/promises";
import { JSON_GRAMMAR, type JsonState } from "./json_grammar.ts";
import { nextToken, type Token } from "./json_tokens.ts";

/**
 * A JSON value as far as it is kept: scalars as written, containers with the first of their
 * members.
 */
export interface JsonNode {
  type: "string" | "number" | "literal" | "object" | "array";
  /** As written; empty for a container. */
  text: string;
  members: JsonMember[];
  /** Number of members, kept or not. */
  count: number;
  /** False where the text ends within. */
  closed: boolean;
}

/** A member of a container; `key` is as written, empty in an array. */
export interface JsonMember {
  key: string;
  node: JsonNode;
}

/** The values of a JSON text. */
export interface JsonTree {
  /** The first values at the top; a plain JSON text has one. */
  roots: JsonNode[];
  /** Number of values at the top. */
  count: number;
  error: JsonError | undefined;
}

/** The place where a text stops being JSON, and what should stand there. */
export interface JsonError {
  offset: number;
  expected: string;
  /** True where a comment stands there, and all else is JSON. */
  isComment?: true;
}

/** Members of one container, and values at the top, that are kept; the others are counted. */
const MAX_MEMBERS = 1000;

/** Values that are kept in all. */
const MAX_NODES = 20_000;

/** Containers further down are counted, not kept. */
const MAX_DEPTH = 32;

/** Tokens read without letting others have their turn: a few milliseconds' worth. */
const TOKENS_A_TURN = 10_000;

/**
 * Reads JSON, or values of JSON on lines of their own. Text that is not `whole` may end anywhere.
 * Any depth is read: nothing recurses, and only what can be shown is kept.
 */
export async function readJson(text: string, whole: boolean): Promise<JsonTree> {
  const builder = new TreeBuilder(text);
  for (let at = 0, tokens = 1;; tokens++) {
    if (tokens % TOKENS_A_TURN === 0) await setImmediate();
    const token = nextToken(text, at);
    at = token.end;
    if (token.type === "comment") {
      builder.skip(token);
      continue;
    }
    const isCut = token.type === "cut" || token.type === "number" && at === text.length;
    const isOver = token.type === "end" && builder.isComplete;
    if (isOver || !whole && (isCut || token.type === "end")) return builder.end(token);
    if (!builder.allows(token)) return builder.fail(token);
    builder.add(token);
  }
}

class TreeBuilder {
  readonly #text: string;
  /** Holds the values at the top. */
  readonly #top = newNode("array", "");
  /** The open containers, the top first: a node where it is kept, else its type. */
  readonly #open: (JsonNode | "object" | "array")[] = [this.#top];
  #state: JsonState = "value";
  #key = "";
  #kept = 0;
  #lastEnd = 0;
  #comment: JsonError | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  get isComplete(): boolean {
    return this.#state === "top";
  }

  /**
   * Tells whether the token may stand here; a further value at the top must begin on a line of its
   * own.
   */
  allows({ type, start }: Token): boolean {
    if (!JSON_GRAMMAR[this.#state].tokens.includes(type)) return false;
    return this.#state !== "top" || this.#text.slice(this.#lastEnd, start).includes("\n");
  }

  add(token: Token): void {
    this.#lastEnd = token.end;
    if (token.type === ":") this.#state = "value";
    else if (token.type === ",") this.#state = this.#innermost === "object" ? "key" : "value";
    else if (token.type === "}" || token.type === "]") this.#close();
    else if (this.#state === "key" || this.#state === "key or }") this.#addKey(token);
    else this.#addValue(token);
  }

  /** Passes over a comment, and remembers the first. */
  skip({ start }: Token): void {
    this.#comment ??= { offset: start, expected: "no comment", isComment: true };
  }

  /**
   * Ends at a token that is none, or is cut in two: of a string or number, its beginning is kept.
   */
  end(token: Token): JsonTree {
    const value: Token = { ...token, type: cutType(this.#text, token) };
    const isDue = this.#state.startsWith("value") || this.isComplete;
    if (isDue && this.allows(value)) this.#addCut(value);
    return this.#tree(this.#comment);
  }

  /** Ends at a token that must not stand where it does. */
  fail({ start, type, expected }: Token): JsonTree {
    const isMalformed = type === "bad" || type === "cut";
    const name = isMalformed && expected !== undefined ? expected : JSON_GRAMMAR[this.#state].name;
    return this.#tree({ offset: start, expected: name });
  }

  #tree(error?: JsonError): JsonTree {
    const { members, count } = this.#top;
    return { roots: members.map(({ node }) => node), count, error };
  }

  get #innermost(): JsonNode["type"] {
    const last = this.#open.at(-1)!;
    return typeof last === "object" ? last.type : last;
  }

  #addKey({ start, end }: Token): void {
    this.#key = this.#text.slice(start, end);
    this.#state = "colon";
  }

  #addValue({ type, start, end }: Token): void {
    if (type === "{" || type === "[") {
      const container = type === "{" ? "object" : "array";
      this.#open.push(this.#keep(newNode(container, "")) ?? container);
      this.#state = type === "{" ? "key or }" : "value or ]";
    } else {
      this.#keep(newNode(type as "string" | "number" | "literal", this.#text.slice(start, end)));
      this.#afterValue();
    }
  }

  /** Adds the beginning of a value, marked as such. */
  #addCut({ type, start, end }: Token): void {
    const text = `${this.#text.slice(start, end)}…`;
    this.#keep(newNode(type as "string" | "number", text));
    this.#afterValue();
  }

  /** Hangs a node into the innermost container, or only counts it there. */
  #keep(node: JsonNode): JsonNode | undefined {
    const parent = this.#open.at(-1);
    const key = this.#key;
    this.#key = "";
    if (typeof parent !== "object") return undefined;
    parent.count++;
    const isFull = parent.members.length >= MAX_MEMBERS || this.#kept >= MAX_NODES;
    if (isFull || this.#open.length > MAX_DEPTH) return undefined;
    this.#kept++;
    parent.members.push({ key, node });
    return node;
  }

  #close(): void {
    const node = this.#open.pop();
    if (typeof node === "object") node.closed = true;
    this.#afterValue();
  }

  #afterValue(): void {
    const after = this.#innermost === "object" ? "comma or }" : "comma or ]";
    this.#state = this.#open.length === 1 ? "top" : after;
  }
}

/** Tells which value a token is that is cut in two. */
function cutType(text: string, { type, start }: Token): Token["type"] {
  if (type !== "cut") return type;
  const first = text[start]!;
  return first === '"' ? "string" : /[-0-9]/.test(first) ? "number" : type;
}

function newNode(type: JsonNode["type"], text: string): JsonNode {
  return { type, text, members: [], count: 0, closed: text !== "" };
}
