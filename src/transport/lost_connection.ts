import { P2pError } from "../errors.ts";

/**
 * The error for a connection that the system gives no more of; the cause is what the system said.
 */
export function lostConnection(cause?: unknown): P2pError {
  return new P2pError("connection", "the connection was lost", { retry: true, cause });
}
