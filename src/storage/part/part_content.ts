import type { RenamedEntry } from "../archive/local_tree.ts";
import type { Offer, OfferFields } from "../../protocol/messages.ts";

/** Entries of a folder with other names than they were sent with: the first of them, and how many. */
export interface Renamed {
  readonly entries: readonly RenamedEntry[];
  readonly count: number;
}

/** An offer without what is never written down. */
export type PartOffer = OfferFields & Pick<Offer, "transfer">;

/** The first bytes of a file; `path` has none for the one file of an offer. */
export interface FileHead {
  readonly path: readonly string[];
  readonly head: Uint8Array;
}

/** What a content has once it is finished. */
export interface Finished {
  /** Bytes of its files. */
  readonly bytes: number;
  /** Files of a folder that are not whole, and not there. */
  readonly missing: number;
  /** Entries of a folder that have another name here. */
  readonly renamed: Renamed;
}

/** How a content gets its final path. */
export interface PlaceOptions {
  readonly overwrite: boolean;
  /** Leaves what is hidden in a folder that is there already as it is named. */
  readonly allowHidden: boolean;
  /** A run that crashed may have taken it. */
  readonly claimed: boolean;
}

/**
 * The content of one transfer while it is in staging: a file, or a folder that is unpacked on
 * arrival.
 */
export interface PartContent {
  /** The content stream as far as it can be read back from disk. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The first bytes of each file, as they are on disk. */
  heads(length: number): AsyncIterable<FileHead>;
  /** Drops what lies beyond `offset` of the content stream and gets ready to write there. */
  cut(offset: number): Promise<void>;
  /** Takes the next bytes of the content stream for good; they may be written later. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was taken until now is on disk. */
  sync(): Promise<void>;
  /**
   * Checks that it is whole, sets modes and times, and resolves when all is on disk.
   */
  finish(): Promise<Finished>;
  /** Moves it to its final path; false where that is taken. */
  place(path: string, options: PlaceOptions): Promise<boolean>;
  /** True where `place` has happened, also when a crash came right after. */
  isPlaced(path: string): Promise<boolean>;
  /** Removes what is left in staging. */
  remove(): Promise<void>;
  /** Closes what is open. */
  close(): Promise<void>;
}
