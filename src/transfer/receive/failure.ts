import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import type { CancelCode, Message } from "../../protocol/messages.ts";
import { StorageError, storageError } from "../../storage/storage_error.ts";
import { systemCode } from "../../system_error.ts";

/** The `cancel` of a sender. */
export class Cancelled extends Error {
  /** Not `code`, which is the word of the system's errors. */
  readonly cancelCode: CancelCode;

  constructor({ code, reason }: Message<"cancel">) {
    super(reason);
    this.cancelCode = code;
  }
}

/** Codes of a sender from whom nothing more of a transfer will come. */
const GIVEN_UP: readonly CancelCode[] = ["changed", "damaged", "quota"];

/**
 * True where what arrived is of no use: not what was declared, or the first half of what will not
 * go on.
 */
export function isWorthless(error: unknown): boolean {
  if (error instanceof Cancelled) return GIVEN_UP.includes(error.cancelCode);
  return error instanceof StorageError && !["space", "disk"].includes(error.reason);
}

/**
 * The code of the `cancel` for `error`; a session that has failed says nothing about the transfer.
 */
export function cancelCodeOf(error: unknown, exchange: Exchange): CancelCode {
  if (exchange.isOver) return "interrupted";
  if (error instanceof StorageError) return error.reason;
  return error instanceof P2pError && error.code === "protocol" ? "corrupt" : "interrupted";
}

/** `failure` as the sender gets it: an error of the system says what could not be done. */
export function receiveError(name: string, failure: unknown): unknown {
  const isOfSystem = systemCode(failure) !== "" && !(failure instanceof P2pError);
  return isOfSystem ? storageError(`cannot receive "${name}"`, failure) : failure;
}
