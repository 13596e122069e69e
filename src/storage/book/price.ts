/** What a peer can make this side keep. */
export type Kept = "envelopes" | "content" | "part" | "published" | "name" | "nameplate";

/** Bytes that a file or a folder takes on a disk beside its content. */
export const FILE_BYTES = 4_096;

/** What something costs for as long as it is kept. */
export interface Price {
  /** Bytes of content. */
  readonly bytes: number;
  /** Files and folders on disk, each of which takes {@link FILE_BYTES} more. */
  readonly files: number;
  /** Things that are held in memory meanwhile. */
  readonly items: number;
}

/** The price of what is not there. */
export const NOTHING: Price = { bytes: 0, files: 0, items: 0 };
