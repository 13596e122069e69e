import { P2pError } from "../../errors.ts";
import type { Format } from "./formats/format.ts";
import { formatOf } from "./formats/formats.ts";
import type { Picture, Size } from "./picture.ts";

/**
 * Decodes a whole file. The picture may be smaller than the file's, but not smaller than `atLeast`;
 * throws `refused` with the reason where it cannot.
 */
export type DecodePicture = (bytes: Uint8Array, atLeast: Size) => Promise<Picture>;

/**
 * Loads the decoder for a type of image; throws `refused` where there is none. All are WebAssembly
 * or plain JavaScript, so what a hostile file makes of them stays within their own memory.
 */
export async function loadDecoder(type: string): Promise<DecodePicture> {
  const format = formatOf(type);
  const decode = await format.load();
  return async (bytes, atLeast) => {
    try {
      return await decode(bytes, atLeast);
    } catch (cause) {
      if (cause instanceof P2pError) throw cause;
      throw new P2pError("refused", damageOf(format, bytes), { cause });
    }
  };
}

function damageOf({ name, isCutOff }: Format, bytes: Uint8Array): string {
  return `the ${name} is damaged${isCutOff(bytes) ? ": its end is missing" : ""}`;
}
