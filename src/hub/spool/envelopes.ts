import { join } from "node:path";
import type { Recipient } from "./spool_record.ts";

/** The name of the file in the folder of a transfer (SPEC.md §18). */
export const ENVELOPES_FILE = "envelopes";

/** Places of the envelopes in their file, which has one behind the other, by recipient's name. */
export function placesOf(recipients: readonly Recipient[]): Map<string, EnvelopePlace> {
  const places = new Map<string, EnvelopePlace>();
  let at = 0;
  for (const { name, key, length } of recipients) {
    places.set(name, { key, at, length });
    at += length;
  }
  return places;
}

/** The recipient's id, and where its envelope lies. */
export interface EnvelopePlace extends Pick<Recipient, "key" | "length"> {
  at: number;
}

/**
 * The envelope at a place in the folder of a transfer; undefined where the disk has lost it. Read at
 * once: it is short, and those of two transfers stay in their order.
 */
export function readEnvelopeSync(
  folder: string,
  { at, length }: EnvelopePlace,
): string | undefined {
  using file = Deno.openSync(join(folder, ENVELOPES_FILE));
  file.seekSync(at, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = file.readSync(bytes.subarray(filled));
    if (read === null) return undefined;
    filled += read;
  }
  return new TextDecoder().decode(bytes);
}
