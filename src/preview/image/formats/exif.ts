/** Bytes of a value by its type (TIFF 6.0, section 2, and BigTIFF): BYTE, SHORT, LONG, LONG8. */
const VALUE_BYTES: Record<number, number> = { 1: 1, 3: 2, 4: 4, 16: 8 };

/** Tag of the orientation (Exif 2.32). */
const ORIENTATION = 0x0112;

/** Entries of a directory that are read. */
const MAX_ENTRIES = 4096;

/**
 * Reads the first directory of a TIFF file, which is also the form of Exif: the first value of each
 * tag that holds whole numbers. What cannot be read is left out.
 */
export function readTags(bytes: Uint8Array): Map<number, number> {
  const tags = new Map<number, number>();
  try {
    readDirectory(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), tags);
  } catch (error) {
    // It ends within the directory.
    if (!(error instanceof RangeError)) throw error;
  }
  return tags;
}

/** Reads the orientation that Exif states: 1 to 8, and 1 where it states none of these. */
export function readOrientation(exif: Uint8Array): number {
  const orientation = readTags(exif).get(ORIENTATION) ?? 1;
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/** The two forms of a TIFF file: where the first directory is, and the sizes in it, in bytes. */
const CLASSIC = { version: 42, offsetAt: 4, firstEntry: 2, entryBytes: 12, valueAt: 8, inline: 4 };
const BIG = { version: 43, offsetAt: 8, firstEntry: 8, entryBytes: 20, valueAt: 12, inline: 8 };

function readDirectory(view: DataView, tags: Map<number, number>): void {
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if (!little && order !== 0x4d4d) return;
  const version = view.getUint16(2, little);
  const form = [CLASSIC, BIG].find((form) => form.version === version);
  if (form === undefined) return;
  const wide = (at: number) => readNumber(view, at, { size: form.inline, little });
  const start = wide(form.offsetAt);
  const count = form === BIG ? wide(start) : view.getUint16(start, little);
  for (let i = 0; i < Math.min(count, MAX_ENTRIES); i++) {
    const at = start + form.firstEntry + i * form.entryBytes;
    const size = VALUE_BYTES[view.getUint16(at + 2, little)];
    if (size === undefined) continue;
    const isInline = size * wide(at + 4) <= form.inline;
    const value = isInline ? at + form.valueAt : wide(at + form.valueAt);
    const tag = view.getUint16(at, little);
    if (value + size <= view.byteLength) tags.set(tag, readNumber(view, value, { size, little }));
  }
}

function readNumber(
  view: DataView,
  at: number,
  { size, little }: { size: number; little: boolean },
): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, little);
  return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
}
