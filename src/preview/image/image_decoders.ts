import type Utif from "utif2";
import type { IFD } from "utif2";
import { P2pError } from "../../errors.ts";
import { MAX_IMAGE_PIXELS } from "./image_limits.ts";
import type { Picture, Size } from "./picture.ts";

/**
 * Decodes a whole file. The picture may be smaller than the file's, but not smaller than `atLeast`;
 * throws when it cannot.
 */
export type Decode = (bytes: Uint8Array, atLeast: Size) => Picture;

/**
 * Loads the decoder for a type of `image-size`; throws `refused` where there is none. All are
 * WebAssembly or plain JavaScript, so what a hostile file makes of them stays within their own
 * memory. Some read their code from disk while they load, none later.
 */
export async function loadDecoder(type: string): Promise<Decode> {
  const load = LOADERS.get(type);
  if (load === undefined) {
    throw new P2pError("refused", `${type.toUpperCase()} images are not drawn`);
  }
  return await load();
}

const LOADERS = new Map(Object.entries<() => Promise<Decode>>({
  async jpg() {
    const { default: module } = await import("imagescript/wasm/node/jpeg.js");
    const jpeg = await module.init();
    return (bytes, { width, height }) => fromJpeg(jpeg.decode(bytes, width, height));
  },
  async png() {
    const { default: module } = await import("imagescript/wasm/node/png.js");
    const png = await module.init();
    return (bytes) => {
      const { width, height, framebuffer } = png.decode(bytes);
      return { width, height, rgba: framebuffer };
    };
  },
  async gif() {
    const { default: module } = await import("imagescript/wasm/node/gif.js");
    const gif = await module.init();
    return (bytes) => {
      const decoder = new gif.Decoder(bytes);
      return onCanvas(decoder, decoder.frame());
    };
  },
  async tiff() {
    const { default: utif } = await import("utif2");
    return (bytes) => fromTiff(utif, bytes);
  },
  async webp() {
    const { default: webp } = await import("@cwasm/webp");
    return (bytes) => fromImageData(webp.decode(bytes));
  },
  async bmp() {
    const { default: bmp } = await import("@cwasm/nsbmp");
    return (bytes) => fromImageData(bmp.decode(bytes));
  },
}));

/** Grey, RGB or CMYK samples to RGBA. */
function fromJpeg({ width, height, buffer }: Size & { buffer: Uint8Array }): Picture {
  const channels = buffer.length / (width * height);
  if (![1, 3, 4].includes(channels)) throw new RangeError(`${channels} bytes a pixel`);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0, j = 0; i < rgba.length; i += 4, j += channels) {
    const black = channels === 4 ? 255 - buffer[j + 3]! : 255;
    for (let c = 0; c < 3; c++) {
      const sample = buffer[channels === 1 ? j : j + c]!;
      rgba[i + c] = channels === 4 ? ((255 - sample) * black) / 255 : sample;
    }
  }
  return { width, height, rgba };
}

/** The first frame of a GIF, laid on its canvas; what lies beside the canvas is cut off. */
function onCanvas(
  { width, height }: Size,
  frame: Size & { x: number; y: number; buffer: Uint8Array },
): Picture {
  const rgba = new Uint8Array(width * height * 4);
  const columns = Math.min(frame.width, width - frame.x);
  const rows = Math.min(frame.height, height - frame.y);
  for (let y = 0; y < rows && columns > 0; y++) {
    const from = y * frame.width * 4;
    const to = ((y + frame.y) * width + frame.x) * 4;
    rgba.set(frame.buffer.subarray(from, from + columns * 4), to);
  }
  return { width, height, rgba };
}

/**
 * The first image of a TIFF; its size is checked once more, since decoder and header reader may not
 * see the same one.
 */
function fromTiff(utif: typeof Utif, bytes: Uint8Array): Picture {
  const { buffer } = bytes.slice();
  const [image] = utif.decode(buffer);
  if (image === undefined || !(sizeOf(image) <= MAX_IMAGE_PIXELS)) {
    throw new RangeError("no image of a size that is decoded");
  }
  utif.decodeImage(buffer, image);
  return { width: image.width, height: image.height, rgba: utif.toRGBA8(image) };
}

/** Pixels of a TIFF image (tags ImageWidth and ImageLength). */
function sizeOf({ t256, t257 }: IFD): number {
  return Number((t256 as number[])[0]) * Number((t257 as number[])[0]);
}

function fromImageData({ width, height, data }: Size & { data: Uint8ClampedArray }): Picture {
  return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
