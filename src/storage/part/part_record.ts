import { type Checked, hex, int, object, text } from "../../protocol/schema.ts";
import { linesLike } from "../journal.ts";
import type { PartOffer } from "./part_content.ts";

/** Bytes of content stream between two lines of the journal (SPEC.md §14). */
export const SEGMENT_BYTES = 8 * 2 ** 20;

/** The content of a part's journal (SPEC.md §14). */
export interface PartRecord {
  /** The offer as it was written down, compared as text. */
  readonly offer: string | undefined;
  /** Digests in hex by offset; several where earlier runs left theirs. */
  readonly segments: ReadonlyMap<number, ReadonlySet<string>>;
  /** The last name it was about to get. */
  readonly publish: Publication | undefined;
  /** Set once it was there. */
  readonly receipt: Publication | undefined;
}

/** A name below the target folder and what the receipt says of the content. */
export type Publication = Checked<typeof publication>;

/** The first line of a journal. */
export function offerLine(offer: PartOffer): { offer: PartOffer } {
  const { transfer, name, kind, size, folder, files, modified, executable, text } = offer;
  return { offer: { transfer, name, kind, size, folder, files, modified, executable, text } };
}

/** Reads the lines of a journal; lines of no known shape are passed over. */
export function readRecord(lines: readonly object[]): PartRecord {
  const segments = new Map<number, Set<string>>();
  for (const { offset, digest } of linesLike(lines, segment)) {
    if (offset % SEGMENT_BYTES !== 0) continue;
    segments.set(offset, (segments.get(offset) ?? new Set()).add(digest));
  }
  const [first] = lines;
  return {
    offer: first !== undefined && "offer" in first ? JSON.stringify(first) : undefined,
    segments,
    publish: linesLike(lines, object({ publish: publication })).at(-1)?.publish,
    receipt: linesLike(lines, object({ receipt: publication })).at(-1)?.receipt,
  };
}

const segment = object({ offset: int(SEGMENT_BYTES), digest: hex(64) });
const publication = object({
  savedAs: text(4096, 1),
  sha256: hex(64),
  bytes: int(),
  resumedAt: int(),
});
