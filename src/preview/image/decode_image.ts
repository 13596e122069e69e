import { P2pError } from "../../errors.ts";
import { MAX_DRAWN_PIXELS, MAX_IMAGE_BYTES } from "./image_limits.ts";
import { runImageProcess } from "./image_process.ts";
import { decodeReply, type ImageFacts, MAX_REPLY_BYTES } from "./image_reply.ts";
import { IMAGE_MAGIC_BYTES, imageTypeOf } from "./image_type.ts";
import type { Size } from "./picture.ts";

/** The size and form in which an image is wanted. */
export interface DecodeOptions {
  /** The largest size of the picture, in pixels. */
  box: Size;
  /** RGBA bytes, or a sixel sequence. */
  form: "rgba" | "sixel";
  signal?: AbortSignal | undefined;
}

/** The facts of an image, and its pixels or sixels. */
export interface DecodedImage extends ImageFacts {
  body: Uint8Array;
}

/**
 * The last image that is being decoded, or was: one is at a time, for each may take its 768 MiB.
 */
let last: Promise<unknown> = Promise.resolve();

/**
 * Decodes an image file in a process of its own, so that this one never reads more of it
 * than its first bytes. Throws
 * `refused` with the reason where there is no picture.
 */
export function decodeImage(path: string, options: DecodeOptions): Promise<DecodedImage> {
  const decoded = last.then(() => decode(path, options));
  last = decoded.catch(() => {});
  return decoded;
}

async function decode(path: string, { box, form, signal }: DecodeOptions): Promise<DecodedImage> {
  using file = await Deno.open(path);
  if ((await file.stat()).size > MAX_IMAGE_BYTES) {
    throw new P2pError("refused", `the image is larger than ${MAX_IMAGE_BYTES / 1024 / 1024} MiB`);
  }
  const type = await typeOf(file);
  const args = [`${box.width}`, `${box.height}`, form, type];
  const maxBytes = MAX_REPLY_BYTES + MAX_DRAWN_PIXELS * 4;
  const decoded = decodeReply(await runImageProcess(args, { input: file, maxBytes, signal }));
  if (decoded === undefined) throw new P2pError("refused", "the decoder gave up");
  const { reply, body } = decoded;
  if ("refused" in reply) throw new P2pError("refused", reply.refused);
  if (form === "rgba" && body.length !== reply.drawn.width * reply.drawn.height * 4) {
    throw new P2pError("refused", "the decoder stopped half way");
  }
  return { ...reply, body };
}

/** The child is told the type, so that it has loaded all it needs before it reads the file. */
async function typeOf(file: Deno.FsFile): Promise<string> {
  const head = new Uint8Array(IMAGE_MAGIC_BYTES);
  const read = await file.read(head);
  await file.seek(0, Deno.SeekMode.Start);
  return imageTypeOf(head.subarray(0, read ?? 0)) ?? "unknown";
}
