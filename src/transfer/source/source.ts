import type { OwnedBytes } from "../../buffer_pool.ts";
import type { Missing } from "../../storage/archive/archive.ts";
import { P2pError } from "../../errors.ts";
import type { OfferFields } from "../../protocol/messages.ts";
import type { RenamedEntry } from "../../storage/archive/local_tree.ts";
import { nameFault } from "../../names/file_name.ts";

/** A thing to send: the fields of its offer, and its content stream (SPEC.md §8). */
export interface Source extends OfferFields {
  /**
   * Hex digest that is the same in a later run if no content has changed, as far as sizes and times
   * say; null where the source cannot be read again.
   */
  readonly stamp: string | null;
  /** Hex digest that is another one also where only metadata has moved. */
  readonly exactStamp: string | null;
  /** True where its content can be read but once. */
  readonly isReadOnce?: true;
  /** Most bytes that its content stream may have, where that is more than `size`. */
  readonly mostBytes?: number;
  /** Entries of a folder that are not sent: what an archive cannot hold, and what was to be skipped. */
  readonly leftOut: readonly LeftOut[];
  /** Entries of a folder that go under another name than they have here. */
  readonly renamed?: readonly RenamedEntry[];
  /** Files of a folder that are not whole in what was read of it until now. */
  readonly missing: readonly MissingFile[];
  /** SHA-256 in hex of the content stream up to `offset`, or of all of it where it is shorter. */
  digest(offset: number): Promise<string>;
  /**
   * Content stream from `offset`: fresh chunks of `CHUNK_BYTES`, the last may be shorter; to be
   * read or cancelled.
   */
  stream(offset: number): ReadableStream<OwnedBytes>;
  /** Lets go of what is open. */
  close(): Promise<void>;
}

/** The fields of an offer where a source has nothing else to say. */
export const PLAIN_OFFER = {
  kind: "file",
  size: null,
  folder: false,
  files: 1,
  modified: null,
  executable: false,
  text: false,
} as const satisfies Omit<OfferFields, "name">;

/** One thing that is not sent, and why: "it is a symbolic link". */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** A file of a folder that was to be sent, and is not whole. */
export interface MissingFile extends LeftOut {
  readonly state: Missing;
}

/** How names go: as they are, or so that every system can hold them. */
export type SentNames = "keep" | "portable";

/** Options of opening a source: `as` is its name at the receiver. */
export interface SourceOptions {
  readonly as?: string | undefined;
  /** Sends what a file had when it was opened, also where it grows meanwhile. */
  readonly snapshot?: boolean | undefined;
  /** Leaves out of a folder what cannot be read, where it is told before anything is sent. */
  readonly skipUnreadable?: boolean | undefined;
  /** "keep" by default. */
  readonly names?: SentNames | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A name that every receiver takes (SPEC.md §13), in NFC, or `P2pError` "local". */
export function sourceName(name: string): string {
  const fault = nameFault(name);
  if (fault === undefined) return name.normalize("NFC");
  throw new P2pError("local", `cannot send it as "${name}": ${fault}`, {
    hint: "give it another name with `--as NAME`",
  });
}
