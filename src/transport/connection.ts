import type { Address } from "./address.ts";

/** A source of bytes. */
export interface ByteSource {
  /**
   * Fills `into` as far as bytes are there, at least one; resolves to how many these are, or to
   * null at the end.
   */
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * A stream of bytes to and from one other process: over TCP, or in memory for tests. Reading and
 * writing reject with what the system says once the connection is lost or closed.
 */
export interface Connection extends ByteSource {
  /** The other end, as far as this one can see. */
  readonly remoteAddress: Address;
  /**
   * True where this end's own address is no longer one of this machine, as after a change from
   * Wi-Fi to mobile: nothing will come any more.
   */
  readonly isStranded: boolean;
  /**
   * Writes all of `bytes`, after what was written before; resolves when they may be changed again.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Ends our half once all is written: the other end reads to null, and may go on writing. Nothing
   * is written after that.
   */
  closeWrite(): Promise<void>;
  /** Closes both halves at once, whatever is under way; does nothing where that was done before. */
  close(): void;
}
