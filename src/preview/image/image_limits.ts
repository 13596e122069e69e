/** A larger file is not decoded. */
export const MAX_IMAGE_BYTES = 32 * 1024 * 1024;

/** An image of more pixels is not decoded. */
export const MAX_IMAGE_PIXELS = 50_000_000;

/** An image that is wider or higher is not decoded. */
export const MAX_IMAGE_SIDE = 32_768;

/** Decoding that takes longer is given up, in milliseconds. */
export const MAX_DECODE_MS = 2000;

/**
 * The decoding process has this long to start, in milliseconds: on a busy or small machine that
 * takes a while.
 */
export const MAX_START_MS = 5000;

/** The most pixels that are drawn, and thus that the decoding process may hand back. */
export const MAX_DRAWN_PIXELS = 700_000;

/**
 * The memory that decoders may take: WebAssembly 768 MiB in pages of 64 KiB, three times the pixels
 * of the largest image, and JavaScript 512 MiB. V8 heeds these at its start only; a compiled
 * program has them from `deno compile --v8-flags`.
 */
export const DECODER_V8_FLAGS = "--wasm-max-mem-pages=12288,--max-old-space-size=512";
