import { asP2pError, type ErrorCode } from "../errors.ts";

const EXIT_CODES: Record<ErrorCode, number> = {
  unexpected: 1,
  usage: 2,
  connection: 3,
  protocol: 3,
  refused: 4,
  local: 5,
  interrupted: 130,
};

/** The exit code for an error of that code; 0 for none. */
export function exitCode(code: ErrorCode | undefined): number {
  return code === undefined ? 0 : EXIT_CODES[code];
}

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  return exitCode(asP2pError(error).code);
}
