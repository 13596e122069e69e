import { P2pError } from "../../errors.ts";
import { concat } from "../../bytes.ts";
import { loadSixel } from "./draw_sixel.ts";
import { formatOf } from "./formats/formats.ts";
import { type DecodePicture, loadDecoder } from "./image_decoders.ts";
import { readImageHeader } from "./image_header.ts";
import { MAX_IMAGE_BYTES } from "./image_limits.ts";
import { encodeReply, type ImageFacts, STARTED } from "./image_reply.ts";
import { orient, orientSize } from "./orient.ts";
import { fitSize, type Picture, type Size } from "./picture.ts";
import { shrink } from "./shrink.ts";

/**
 * Runs the decoding process: an image on stdin; on stdout {@link STARTED}, the reply, and after it
 * the picture, upright and shrunk into the box, as RGBA bytes or as a sixel sequence. It has loaded
 * what it needs and given up every permission when it reads the first byte.
 *
 * @param args width and height of the box in pixels, `rgba` or `sixel`, and the type of the image
 */
export async function runImageChild(args: readonly string[]): Promise<void> {
  // Stdout carries the picture, and a decoder may have something to say.
  // deno-lint-ignore no-console -- it is silenced
  console.log = () => {};
  const box = { width: Number(args[0]), height: Number(args[1]) };
  await ReadableStream.from(output({ box, sixel: args[2] === "sixel", type: args[3] ?? "" }))
    .pipeTo(Deno.stdout.writable);
}

async function* output(
  { box, sixel, type }: { box: Size; sixel: boolean; type: string },
): AsyncGenerator<Uint8Array> {
  const loading = load({ box, sixel, type });
  await loading.catch(() => {}); // It is told below, once it has started.
  yield STARTED;
  try {
    const loaded = await loading;
    yield* await decode(await readStdin(), loaded);
  } catch (error) {
    yield encodeReply({ refused: reasonOf(error) });
  }
}

/** Loads what an image of that type takes, and gives up every permission. */
async function load(
  { box, sixel, type }: { box: Size; sixel: boolean; type: string },
): Promise<Loaded> {
  const decoder = await loadDecoder(type);
  const drawSixel = sixel ? await loadSixel() : undefined;
  await dropPermissions();
  return { box, type, decoder, drawSixel };
}

/** What was loaded before the image came. */
interface Loaded {
  box: Size;
  type: string;
  decoder: DecodePicture;
  drawSixel: ((picture: Picture) => Uint8Array) | undefined;
}

async function decode(
  bytes: Uint8Array,
  { box, type, decoder, drawSixel }: Loaded,
): Promise<Uint8Array[]> {
  const changed = new P2pError("refused", "the file changed while it was read");
  if (bytes.length > MAX_IMAGE_BYTES) throw changed;
  const { size, orientation, ...header } = readImageHeader(bytes);
  if (header.type !== type) throw changed;
  const image = orientSize(size, orientation);
  const drawn = fitSize(image, box);
  const stored = orientSize(drawn, orientation);
  const picture = await decoder(bytes, stored);
  const { rgba } = orient(shrink(picture, stored), orientation);
  const cut = formatOf(type).isCutOff(bytes);
  const facts: ImageFacts = { type, image, drawn, ...(cut && { cut }) };
  return [encodeReply(facts), drawSixel?.({ ...drawn, rgba }) ?? rgba];
}

/** Nothing that comes after the loading needs anything but stdin and stdout. */
async function dropPermissions(): Promise<void> {
  for (const name of ["net", "run", "write", "ffi", "sys", "env", "import", "read"] as const) {
    await Deno.permissions.revoke({ name });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof P2pError ? error.message : "the image is damaged";
}

/** All of it, or enough to see that it is too much. */
async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Deno.stdin.readable) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_IMAGE_BYTES) break;
  }
  return concat(chunks);
}

if (import.meta.main) await runImageChild(Deno.args);
