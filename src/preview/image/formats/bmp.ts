import type Nsbmp from "@cwasm/nsbmp";
import { P2pError } from "../../../errors.ts";
import type { Format, Header } from "./format.ts";

/** BMP of Windows and OS/2. */
export const BMP: Format = {
  name: "BMP",
  readHeader,
  async load() {
    const { default: bmp } = await import("@cwasm/nsbmp");
    return (bytes) => {
      const { width, height, data } = decodeWith(bmp, bytes);
      const rgba = new Uint8Array(data.buffer, data.byteOffset, data.length);
      if (!hasAlpha(bytes)) { for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255; }
      return { width, height, rgba };
    };
  },
  isCutOff,
};

/** The end of the least header of Windows; a file of OS/2 that is shorter has few pixels. */
const INFO_END = 54;

/** Bytes of the least header that has a mask of alpha. */
const ALPHA_HEADER_BYTES = 56;

/** Values of the field of compression: run lengths of 8 and of 4 bits. */
const RUN_LENGTHS = [1, 2];

/** Bytes of the header of OS/2, whose sides are short. */
const CORE_HEADER_BYTES = 12;

function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < 26) return undefined;
  const view = viewOf(bytes);
  const isCore = view.getUint32(14, true) === CORE_HEADER_BYTES;
  const size = isCore
    ? { width: view.getUint16(18, true), height: view.getUint16(20, true) }
    : { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  return { size, orientation: 1 };
}

/** Tells whether pixels are missing: rows of whole bytes in fours, and of run lengths their end. */
function isCutOff(bytes: Uint8Array): boolean {
  if (bytes.length < INFO_END) return true;
  const { width, height } = readHeader(bytes)!.size;
  const view = viewOf(bytes), isCore = view.getUint32(14, true) === CORE_HEADER_BYTES;
  const start = view.getUint32(10, true), bits = view.getUint16(isCore ? 24 : 28, true);
  if (!isCore && RUN_LENGTHS.includes(bytes[30]!)) {
    return start + view.getUint32(34, true) > bytes.length;
  }
  return start + Math.ceil(width * bits / 32) * 4 * height > bytes.length;
}

function decodeWith(bmp: typeof Nsbmp, bytes: Uint8Array): ReturnType<typeof Nsbmp.decode> {
  try {
    return bmp.decode(bytes);
  } catch (cause) {
    if (!RUN_LENGTHS.includes(bytes[30]!)) throw cause;
    throw new P2pError("refused", "the BMP is damaged, or its run lengths are of a rare kind", {
      cause,
    });
  }
}

/** Tells whether pixels have a field of alpha; where it is missing some decoders give zeros. */
function hasAlpha(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  return view.getUint32(14, true) >= ALPHA_HEADER_BYTES && view.getUint32(66, true) !== 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
