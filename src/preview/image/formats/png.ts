import { inflateSync } from "node:zlib";
import { concat } from "../../../bytes.ts";
import type { Picture } from "../picture.ts";
import { type Chunk, pngChunks } from "./chunks.ts";
import { readOrientation } from "./exif.ts";
import type { Format, Header } from "./format.ts";

/** PNG, of an animated one the first picture. */
export const PNG: Format = {
  name: "PNG",
  readHeader,
  async load() {
    const { default: module } = await import("imagescript/wasm/node/png.js");
    const png = await module.init();
    return (bytes) => {
      const { width, height, framebuffer } = png.decode(firstPicture(bytes));
      const picture = { width, height, rgba: framebuffer };
      if (isLinear(bytes)) encodeLight(picture);
      return picture;
    };
  },
  isCutOff: (bytes) => ![...pngChunks(bytes)].some(({ type }) => type === "IEND"),
};

/** What the picture is made of; all else serves animations, colour management and people. */
const PICTURE_CHUNKS = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];

/** A gamma chunk above this means that samples are proportional to light, in 1/100000. */
const LINEAR_GAMMA = 75_000;

/** The most bytes of Exif in text that are unpacked. */
const MAX_PROFILE_BYTES = 64 * 1024;

function readHeader(bytes: Uint8Array): Header | undefined {
  let size, orientation = 1;
  for (const chunk of pngChunks(bytes)) {
    const { type, data } = chunk;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    if (type === "IHDR" && data.length === 13) {
      size ??= { width: view.getUint32(0), height: view.getUint32(4) };
    }
    const exif = type === "eXIf" ? data : exifInText(chunk);
    if (exif !== undefined && orientation === 1) orientation = readOrientation(exif);
  }
  return size && { size, orientation };
}

/** Exif as ImageMagick stores it: a text named "Raw profile type exif", in hexadecimal digits. */
function exifInText({ type, data }: Chunk): Uint8Array | undefined {
  if (type !== "tEXt" && type !== "zTXt") return undefined;
  const name = new TextDecoder("latin1").decode(data.subarray(0, 22));
  if (!/^Raw profile type (exif|APP1)\0/i.test(name)) return undefined;
  const value = data.subarray(name.indexOf("\0") + 1);
  try {
    const text = type === "tEXt"
      ? value
      : inflateSync(value.subarray(1), { maxOutputLength: MAX_PROFILE_BYTES });
    const hex = new TextDecoder("latin1").decode(text).replace(/^\s*\w+\s+\d+/, "");
    const profile = Uint8Array.fromHex(hex.replace(/\s+/g, ""));
    return profile[0] === 0x45 ? profile.subarray(6) : profile;
  } catch {
    return undefined;
  }
}

/** The file without the frames of an animation, and without what decoders stumble over. */
function firstPicture(bytes: Uint8Array): Uint8Array {
  const chunks = [...pngChunks(bytes)].filter(({ type }) => PICTURE_CHUNKS.includes(type));
  return concat([bytes.subarray(0, 8), ...chunks.map((chunk) => chunk.bytes)]);
}

/** Tells whether samples are proportional to light, by the gamma chunk and as ImageMagick does. */
function isLinear(bytes: Uint8Array): boolean {
  const chunks = [...pngChunks(bytes)];
  if (chunks.some(({ type }) => type === "sRGB" || type === "iCCP")) return false;
  const gamma = chunks.find(({ type }) => type === "gAMA")?.data;
  if (gamma?.length !== 4) return false;
  return new DataView(gamma.buffer, gamma.byteOffset).getUint32(0) > LINEAR_GAMMA;
}

/** Turns samples that are proportional to light into those of sRGB (IEC 61966-2-1), in place. */
function encodeLight({ rgba }: Picture): void {
  const encoded = Uint8Array.from({ length: 256 }, (_, sample) => {
    const light = sample / 255;
    const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    return Math.round(255 * value);
  });
  for (let i = 0; i < rgba.length; i++) if (i % 4 !== 3) rgba[i] = encoded[rgba[i]!]!;
}
