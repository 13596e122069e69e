import { P2pError } from "../errors.ts";

/**
 * The error for a connection that the system gives no more of; the cause is what the system said.
 */
export function lostConnection(cause?: unknown): P2pError {
  return new P2pError("connection", "the connection was lost", { retry: true, cause });
}

/** The error for a connection on which nothing has come for `ms`, although an answer was due. */
export function silentConnection(ms: number): P2pError {
  const message = `the connection was lost: nothing came for ${Math.round(ms / 1000)} s`;
  return new P2pError("connection", message, { retry: true, detail: "silent" });
}

/** The error for a connection whose own end has lost its address. */
export function strandedConnection(): P2pError {
  const message = "the connection was lost: this machine has another address now";
  return new P2pError("connection", message, { retry: true });
}
