import { type ErrorCode, P2pError } from "../errors.ts";

const EXIT_CODES: Record<ErrorCode, number> = {
  unexpected: 1,
  usage: 2,
  connection: 3,
  protocol: 3,
  refused: 4,
  local: 5,
  interrupted: 130,
};

/** The exit code for what was thrown (README.md). */
export function exitCodeOf(error: unknown): number {
  return error instanceof P2pError ? EXIT_CODES[error.code] : EXIT_CODES.unexpected;
}

/** The worse of two exit codes: an interrupt, then the higher one. */
export function worse(a: number, b: number): number {
  return Math.max(a, b);
}
