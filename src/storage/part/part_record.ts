import { OFFER_FIELDS, type Receipt, RECEIPT_FIELDS } from "../../protocol/messages.ts";
import { fieldsOf, hex, int, object } from "../../protocol/schema.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { linesLike } from "../journal.ts";
import type { PartOffer } from "./part_content.ts";

/** The content of a part's journal (SPEC.md §14). */
export interface PartRecord {
  /** The offer as it was written down, compared as text. */
  readonly offer: string | undefined;
  /** Digests in hex by the offset to go on from; several where earlier runs left theirs. */
  readonly places: ReadonlyMap<number, ReadonlySet<string>>;
  /** The receipt under the last name that it was about to get. */
  readonly publish: Receipt | undefined;
  /** Set once it had that name. */
  readonly receipt: Receipt | undefined;
}

/** The first line of a journal. */
export function offerLine(offer: PartOffer): { offer: PartOffer } {
  return { offer: { transfer: offer.transfer, ...fieldsOf(OFFER_FIELDS, offer) } };
}

/**
 * True where `offer` goes on with what `first`, the first line of a journal, began. A folder in
 * which something has changed does: how far the same the digests tell (SPEC.md §8).
 */
export function isSameOffer(first: string | undefined, offer: PartOffer): boolean {
  const comparable = ({ offer }: { offer: PartOffer }) => {
    const { size: _size, files: _files, modified: _modified, ...same } = offer;
    return JSON.stringify(offer.folder ? same : offer);
  };
  return first !== undefined && comparable(JSON.parse(first)) === comparable(offerLine(offer));
}

/** Reads the lines of a journal; lines of no known shape are passed over. */
export function readRecord(lines: readonly object[]): PartRecord {
  const places = new Map<number, Set<string>>();
  for (const { offset, digest } of linesLike(lines, place)) {
    if (offset % CHUNK_BYTES !== 0) continue;
    places.set(offset, (places.get(offset) ?? new Set()).add(digest));
  }
  const [first] = lines;
  return {
    offer: first !== undefined && "offer" in first ? JSON.stringify(first) : undefined,
    places,
    publish: linesLike(lines, object({ publish: receipt })).at(-1)?.publish,
    receipt: linesLike(lines, object({ receipt })).at(-1)?.receipt,
  };
}

const place = object({ offset: int(CHUNK_BYTES), digest: hex(64) });
const receipt = object(RECEIPT_FIELDS);
