import type { Picture, Size } from "../picture.ts";

/** The facts that a file states of its picture, read before any pixel is decoded. */
export interface Header {
  /** Size as stored. */
  size: Size;
  /** Exif orientation, 1 to 8. */
  orientation: number;
}

/**
 * Decodes a whole file. The picture may be smaller than the file's, but not smaller than `atLeast`;
 * throws when it cannot.
 */
export type Decode = (bytes: Uint8Array, atLeast: Size) => Picture | Promise<Picture>;

/** One format of pictures. */
export interface Format {
  name: string;
  /** Reads the header; returns nothing where it is damaged. */
  readHeader(bytes: Uint8Array): Header | undefined;
  /** Loads the decoder. Some read their code from disk while they load, none later. */
  load(): Promise<Decode>;
  /** Tells whether the end of the picture is missing. */
  isCutOff(bytes: Uint8Array): boolean;
}
