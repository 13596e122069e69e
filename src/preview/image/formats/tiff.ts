import { Buffer } from "node:buffer";
import type { GeoTIFFImage } from "geotiff";
import type Utif from "utif2";
import { P2pError } from "../../../errors.ts";
import type { Picture } from "../picture.ts";
import { readOrientation, readTags } from "./exif.ts";
import type { Format, Header } from "./format.ts";
import { type Samples, toRgba } from "./tiff_samples.ts";

/** TIFF and BigTIFF, of several pictures the first. */
export const TIFF: Format = {
  name: "TIFF",
  readHeader,
  async load() {
    const { fromArrayBuffer } = await import("geotiff");
    const { default: utif } = await import("utif2");
    return async (bytes) => {
      const { buffer } = bytes.slice();
      const image = await (await fromArrayBuffer(buffer)).getImage(0);
      const strips = await stripsOf(image);
      if (strips.some(([, end]) => end > bytes.length)) {
        throw new P2pError("refused", "the TIFF is damaged: its end is missing");
      }
      const compression = readTags(bytes).get(COMPRESSION) ?? 1;
      if (FAX_AND_OLD_JPEG.includes(compression)) return decodeWith(utif, bytes);
      if (!COMPRESSIONS.includes(compression)) {
        const name = OTHER_COMPRESSIONS[compression] ?? `method ${compression}`;
        throw new P2pError("refused", `TIFF images compressed by ${name} are not drawn`);
      }
      if (readTags(bytes).get(FILL_ORDER) === 2) turnBits(new Uint8Array(buffer), strips);
      return toRgba(await readSamples(image));
    };
  },
  // It is told before the pixels are decoded.
  isCutOff: () => false,
};

/** Tags (TIFF 6.0, section 8). */
const WIDTH = 256, HEIGHT = 257, COMPRESSION = 259, FILL_ORDER = 266;

/** Compressions that only the older decoder knows: fax, the first JPEG in TIFF, and ThunderScan. */
const FAX_AND_OLD_JPEG = [2, 3, 4, 6, 32_809];

/** None, LZW, JPEG, Deflate by two numbers, PackBits, LERC and Zstandard. */
const COMPRESSIONS = [1, 5, 7, 8, 32_946, 32_773, 34_887, 50_000];

const OTHER_COMPRESSIONS: Record<number, string> = {
  34_676: "LogLuv",
  34_677: "LogLuv",
  34_712: "JPEG 2000",
  34_925: "LZMA",
  50_001: "WebP",
  50_002: "JPEG XL",
};

function readHeader(bytes: Uint8Array): Header | undefined {
  const tags = readTags(bytes);
  const width = tags.get(WIDTH), height = tags.get(HEIGHT);
  if (width === undefined || height === undefined) return undefined;
  return { size: { width, height }, orientation: readOrientation(bytes) };
}

/** The places of a file that hold its pixels, and their lengths. */
async function stripsOf(
  { fileDirectory: tags }: GeoTIFFImage,
): Promise<[start: number, end: number][]> {
  const isTiled = tags.hasTag("TileOffsets");
  const starts = await tags.loadValue(isTiled ? "TileOffsets" : "StripOffsets") ?? [];
  const lengths = await tags.loadValue(isTiled ? "TileByteCounts" : "StripByteCounts") ?? [];
  return Array.from(
    starts,
    (start, i) => [Number(start), Number(start) + Number(lengths[i] ?? 0)],
  );
}

/** Turns the bits of each byte of pixels around, in place: the lowest is meant to come first. */
function turnBits(bytes: Uint8Array, strips: [start: number, end: number][]): void {
  const turned = Uint8Array.from(
    { length: 256 },
    (_, byte) => parseInt(byte.toString(2).padStart(8, "0").split("").reverse().join(""), 2),
  );
  for (const [start, end] of strips) {
    for (let at = start; at < end; at++) bytes[at] = turned[bytes[at]!]!;
  }
}

async function readSamples(image: GeoTIFFImage): Promise<Samples> {
  const { fileDirectory: tags } = image;
  const values = await image.readRasters({ interleave: true });
  const bits = image.getBitsPerSample();
  // From 9 to 15 bits geotiff unpacks in this machine's order, and reads in that of the file.
  const isSwapped = !image.littleEndian && bits > 8 && bits < 16;
  if (isSwapped) Buffer.from(values.buffer, values.byteOffset, values.byteLength).swap16();
  return {
    width: image.getWidth(),
    height: image.getHeight(),
    count: image.getSamplesPerPixel(),
    bits,
    format: image.getSampleFormat(),
    photometric: await tags.loadValue("PhotometricInterpretation") ?? 1,
    palette: await tags.loadValue("ColorMap"),
    extra: Array.from(await tags.loadValue("ExtraSamples") ?? []),
    values,
  };
}

function decodeWith(utif: typeof Utif, bytes: Uint8Array): Picture {
  const { buffer } = bytes.slice();
  const [image] = utif.decode(buffer);
  if (image === undefined) throw new RangeError("no image in it");
  utif.decodeImage(buffer, image);
  return { width: image.width, height: image.height, rgba: utif.toRGBA8(image) };
}
