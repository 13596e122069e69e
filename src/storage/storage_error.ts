import { type ErrorCode, P2pError } from "../errors.ts";
import type { CancelCode } from "../protocol/messages.ts";
import { OUTSIDE_HINT, systemCode, systemWords } from "../system_error.ts";
import { formatBytes, formatSizes } from "../units.ts";

/** A failure of storage; `reason` is the code of the `cancel` that tells the peer (SPEC.md §7). */
export class StorageError extends P2pError {
  readonly reason: CancelCode;

  constructor(
    reason: CancelCode,
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(codeOf(reason), message, options);
    this.reason = reason;
  }
}

/**
 * A failed system call as a {@link StorageError}: `action` says what could not be done; a
 * `P2pError` stays as it is.
 */
export function storageError(action: string, cause: unknown): P2pError {
  if (cause instanceof P2pError) return cause;
  const { reason = "disk", ...options } = KNOWN[systemCode(cause)] ?? {};
  return new StorageError(reason, `${action}: ${systemWords(cause)}`, { ...options, cause });
}

/** The source is not what it was when it was opened (SPEC.md §8, `cancel` with `changed`). */
export function changedError(name: string, cause?: unknown): StorageError {
  const hint = "send it when nothing writes to it any more, or as it is now: with `--snapshot`, " +
    "or by `cat FILE | p2p send - --as NAME`";
  return new StorageError("changed", `"${name}" changed while it was sent`, { hint, cause });
}

/** The content is not what was declared, or no archive (SPEC.md §8, `cancel` with `damaged`). */
export function damagedError(message: string, cause?: unknown): StorageError {
  return new StorageError("damaged", message, { cause });
}

/** The reason against more bytes than are accepted; null where nobody knows yet how many there are. */
export function tooLarge(size: number | null, most: number): string {
  if (size === null) return `it is larger than the ${formatBytes(most)} that are accepted here`;
  const [is, limit] = formatSizes(size, most);
  return `it is ${is}; at most ${limit} are accepted here`;
}

/**
 * Gives the result of `check`; an error that it throws for a refused path gets the reason "name"
 * (SPEC.md §13).
 */
export function asName<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw new StorageError("name", (cause as Error).message, { cause });
  }
}

/** What a failed system call means for a transfer, and what a person can do; else it is the disk. */
const KNOWN: Record<string, { reason?: CancelCode; hint?: string }> = {
  ENOENT: { hint: "check the path" },
  ENOSPC: { reason: "space", hint: "free some space" },
  EDQUOT: { reason: "space" },
  NotCapable: { hint: OUTSIDE_HINT },
};

function codeOf(reason: CancelCode): ErrorCode {
  return reason === "space" || reason === "disk" || reason === "changed" ? "local" : "refused";
}
