import type * as Geotiff from "geotiff";
import type { GeoTIFFImage, getDecoder } from "geotiff";
import type Utif from "utif2";
import { P2pError } from "../../../errors.ts";
import { MAX_IMAGE_PIXELS } from "../image_limits.ts";
import type { Picture, Size } from "../picture.ts";
import { readOrientation, readTags } from "./exif.ts";
import type { Format, Header } from "./format.ts";
import { unpackLzw } from "./lzw.ts";
import { type Samples, toRgba } from "./tiff_samples.ts";
import { readValues, stripsOf, turnBits } from "./tiff_values.ts";

/** TIFF and BigTIFF, of several pictures the first. */
export const TIFF: Format = {
  name: "TIFF",
  readHeader,
  async load() {
    const geotiff = await import("geotiff");
    const { default: utif } = await import("utif2");
    useLzw(geotiff);
    return async (bytes) => {
      const { buffer } = bytes.slice();
      const image = await (await geotiff.fromArrayBuffer(buffer)).getImage(0);
      checkSize({ width: image.getWidth(), height: image.getHeight() });
      const strips = await stripsOf(image);
      if (strips.some(({ end }) => end > bytes.length)) {
        throw new P2pError("refused", "the TIFF is damaged: its end is missing");
      }
      const compression = readTags(bytes).get(COMPRESSION) ?? 1;
      if (FAX_AND_OLD_JPEG.includes(compression)) return decodeWith(utif, bytes);
      if (!COMPRESSIONS.includes(compression)) {
        const name = OTHER_COMPRESSIONS[compression] ?? `method ${compression}`;
        throw new P2pError("refused", `TIFF images compressed by ${name} are not drawn`);
      }
      if (readTags(bytes).get(FILL_ORDER) === 2) turnBits(new Uint8Array(buffer), strips);
      return toRgba(await readSamples(image, geotiff.getDecoder));
    };
  },
  // It is told before the pixels are decoded.
  isCutOff: () => false,
};

/** Tags (TIFF 6.0, section 8). */
const WIDTH = 256, HEIGHT = 257, COMPRESSION = 259, FILL_ORDER = 266;

/** Compressions that only the older decoder knows: fax, the first JPEG in TIFF, and ThunderScan. */
const FAX_AND_OLD_JPEG = [2, 3, 4, 6, 32_809];

const LZW = 5;

/** None, LZW, JPEG, Deflate by two numbers, PackBits, LERC and Zstandard. */
const COMPRESSIONS = [1, LZW, 7, 8, 32_946, 32_773, 34_887, 50_000];

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

async function readSamples(image: GeoTIFFImage, load: typeof getDecoder): Promise<Samples> {
  const { fileDirectory: tags } = image;
  return {
    width: image.getWidth(),
    height: image.getHeight(),
    count: image.getSamplesPerPixel(),
    bits: image.getBitsPerSample(),
    format: image.getSampleFormat(),
    photometric: await tags.loadValue("PhotometricInterpretation") ?? 1,
    palette: await tags.loadValue("ColorMap"),
    extra: Array.from(await tags.loadValue("ExtraSamples") ?? []),
    values: await readValues(image, load),
  };
}

/**
 * Puts LZW of our own in place: that of geotiff takes four times as long, and ten times the memory.
 */
function useLzw({ addDecoder, BaseDecoder }: typeof Geotiff): void {
  class LzwDecoder extends BaseDecoder {
    override decodeBlock(block: ArrayBuffer): ArrayBuffer {
      return unpackLzw(new Uint8Array(block)).buffer;
    }
  }
  addDecoder(LZW, () => Promise.resolve(LzwDecoder));
}

function decodeWith(utif: typeof Utif, bytes: Uint8Array): Picture {
  const { buffer } = bytes.slice();
  const [image] = utif.decode(buffer);
  if (image === undefined) throw new RangeError("no image in it");
  checkSize({ width: Number(image.t256), height: Number(image.t257) });
  utif.decodeImage(buffer, image);
  return { width: image.width, height: image.height, rgba: utif.toRGBA8(image) };
}

/** The size is checked once more: a decoder may not see the same as who read the header. */
function checkSize({ width, height }: Size): void {
  if (!(width * height <= MAX_IMAGE_PIXELS)) throw new RangeError("no size that is decoded");
}
