import { MAX_DRAWN_PIXELS } from "./image_limits.ts";
import type { Size } from "./picture.ts";

/**
 * The decoding process's answer: the facts of the image whose pixels follow, or the reason why
 * there are none.
 */
export type ImageReply = ImageFacts | { refused: string };

/** The facts of an image that stand below its picture. */
export interface ImageFacts {
  /** A short name: `jpg`, `png`. */
  type: string;
  /** Size of the image, upright. */
  image: Size;
  /** Size of the picture that follows. */
  drawn: Size;
  /** True where the end of the file is missing, and so may be a part of the picture. */
  cut?: true;
}

/**
 * The first byte that the process writes: it has started and has the image. Its time counts from
 * here.
 */
export const STARTED = new Uint8Array([0x06]);

/** The longest reply, in bytes, with {@link STARTED} and without what follows it. */
export const MAX_REPLY_BYTES = 1024;

/** Encodes a reply: JSON and a line feed; the body follows. */
export function encodeReply(reply: ImageReply): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(reply) + "\n");
}

/**
 * Splits what the decoding process wrote, checking every value; returns nothing where it is not a
 * reply.
 */
export function decodeReply(
  bytes: Uint8Array,
): { reply: ImageReply; body: Uint8Array } | undefined {
  const end = bytes.subarray(0, MAX_REPLY_BYTES).indexOf(0x0a);
  const reply = parse(bytes.subarray(STARTED.length, Math.max(0, end)));
  return reply && { reply, body: bytes.subarray(end + 1) };
}

function parse(line: Uint8Array): ImageReply | undefined {
  try {
    const { refused, type, image, drawn, cut } = JSON.parse(new TextDecoder().decode(line));
    if (typeof refused === "string") return { refused };
    const isReply = typeof type === "string" && isSize(image) && isSize(drawn) &&
      drawn.width * drawn.height <= MAX_DRAWN_PIXELS;
    return isReply ? { type, image, drawn, ...(cut === true && { cut }) } : undefined;
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is Size {
  const { width, height } = value as Size;
  return [width, height].every((side) => Number.isSafeInteger(side) && side > 0);
}
