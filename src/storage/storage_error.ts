import { type ErrorCode, P2pError } from "../errors.ts";
import type { CancelCode } from "../protocol/messages.ts";

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
  const known = KNOWN.find(({ codes }) => codes.includes(systemCode(cause)));
  const message = `${action}: ${known?.state ?? stateOf(cause)}`;
  return new StorageError(known?.reason ?? "disk", message, { ...known?.options, cause });
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

/**
 * The system's name of an error, such as `ENOENT`, or `NotCapable` of the runtime; empty where
 * there is none.
 */
export function systemCode(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code === "string") return code;
  if (error instanceof Deno.errors.NotCapable) return "NotCapable";
  return /os error 122\b/.test(message ?? "") ? "EDQUOT" : "";
}

interface Known {
  readonly codes: readonly string[];
  readonly state: string;
  readonly reason?: CancelCode;
  readonly options?: { hint: string };
}

const KNOWN: readonly Known[] = [
  { codes: ["ENOENT"], state: "no such file or folder", options: { hint: "check the path" } },
  { codes: ["EACCES", "EPERM"], state: "permission denied" },
  { codes: ["NotCapable"], state: "this program is not allowed there" },
  { codes: ["EROFS"], state: "the file system is read-only" },
  {
    codes: ["ENOSPC"],
    state: "no space left",
    reason: "space",
    options: { hint: "free some space" },
  },
  { codes: ["EDQUOT"], state: "disk quota exceeded", reason: "space" },
  { codes: ["ENOTDIR"], state: "a part of the path is not a folder" },
  { codes: ["EMFILE", "ENFILE"], state: "too many open files" },
];

function codeOf(reason: CancelCode): ErrorCode {
  return reason === "space" || reason === "disk" || reason === "changed" ? "local" : "refused";
}

/**
 * The message without the path that the runtime adds: the peer gets it too, and need not know that.
 */
function stateOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split("\n", 1)[0]!.replace(/(\(os error \d+\)): .*/, "$1");
}
