import { join } from "node:path";
import { readFull } from "../../storage/file_system.ts";
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

/** The envelope at a place in the folder of a transfer; undefined where the disk has lost it. */
export async function readEnvelope(
  folder: string,
  { at, length }: EnvelopePlace,
): Promise<string | undefined> {
  using file = await Deno.open(join(folder, ENVELOPES_FILE));
  await file.seek(at, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  if (await readFull(file, bytes) < length) return undefined;
  return new TextDecoder().decode(bytes);
}
