import { OUTSIDE_HINT, systemWords } from "./system_error.ts";

/** What went wrong, as a caller can act on it; each code has its exit code (docs/reference.md). */
export type ErrorCode =
  /** Unexpected: the message says what. Exit 1. */
  | "unexpected"
  /** The command line is wrong. Exit 2. */
  | "usage"
  /** No connection, or it was lost. Exit 3. */
  | "connection"
  /** The peer broke the protocol (SPEC.md §7). Exit 3: the connection is of no more use. */
  | "protocol"
  /** Refused by policy, key, secret, quota or name, here or there. Exit 4. */
  | "refused"
  /** A local file: missing, unreadable, changed, no space. Exit 5. */
  | "local"
  /** Ctrl-C. Exit 130. */
  | "interrupted";

/** From the least to the gravest, in the order of their exit codes. */
const GRAVITY: readonly ErrorCode[] = [
  "unexpected",
  "usage",
  "protocol",
  "connection",
  "refused",
  "local",
  "interrupted",
];

/** The graver one of two codes; undefined stands for no error. */
export function worse(a: ErrorCode | undefined, b: ErrorCode | undefined): ErrorCode | undefined {
  const gravity = (code: ErrorCode | undefined) => code === undefined ? -1 : GRAVITY.indexOf(code);
  return gravity(a) >= gravity(b) ? a : b;
}

/** A refusal or failure that callers tell apart from others of its code, by a word that stays the same. */
export type ErrorDetail =
  | "wrong-secret"
  | "secret-wanted"
  | "proof-unanswered"
  | "hub-unknown"
  | "key-changed"
  /** Nothing came back to a first word. */
  | "no-answer"
  /** As much as can be is under way there already. */
  | "busy"
  /** The line went dead in the middle. */
  | "silent";

/** What may go with an error. */
export interface ErrorOptions {
  /** What to do next, in one line. */
  hint?: string | undefined;
  /** True where the same may go well a moment later. */
  retry?: boolean | undefined;
  detail?: ErrorDetail | undefined;
  /** True where the person at the terminal knows it already: an end by Ctrl-C is not printed. */
  silent?: boolean;
  cause?: unknown;
}

/** The one error that callers catch: a `code`, a message of one line, and where there is one a hint. */
export class P2pError extends Error {
  override readonly name = "P2pError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retry: boolean;
  readonly detail: ErrorDetail | undefined;
  readonly silent: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retry = options.retry ?? false;
    this.detail = options.detail;
    this.silent = options.silent ?? false;
  }
}

/** The thrown value as a `P2pError`: itself where it is one, else "unexpected" with its message. */
export function asP2pError(error: unknown): P2pError {
  if (error instanceof P2pError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    const [, path = ""] = /"(.*)"/.exec(error.message) ?? [];
    const message = `cannot use "${path}": ${systemWords(error)}`;
    return new P2pError("local", message, { hint: OUTSIDE_HINT, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new P2pError("unexpected", message, { cause: error });
}
