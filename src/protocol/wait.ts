/** The cause of a wait on an exchange. */
export type WaitsFor =
  /** The other side has to grant more first. */
  | "credit"
  /** The connection has to take what is being written. */
  | "connection"
  /** Sealed chunks have to come. */
  | "data"
  /** A message has to come. */
  | "message";

/** A wait during which nothing has moved in the whole session. */
export interface Stall {
  for: WaitsFor;
  /** How long nothing has moved, in milliseconds. */
  ms: number;
}

/** A wait that is not over. */
export interface Wait {
  for: WaitsFor;
  /** When it began, by the session's clock. */
  since: number;
}
