import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import UTIF from "utif2";
import { P2pError } from "../../../src/errors.ts";
import { formatOf } from "../../../src/preview/image/formats/formats.ts";
import { loadDecoder } from "../../../src/preview/image/image_decoders.ts";
import { readImageHeader } from "../../../src/preview/image/image_header.ts";
import { orient } from "../../../src/preview/image/orient.ts";
import type { Picture } from "../../../src/preview/image/picture.ts";
import { previewFile } from "../preview_file.ts";
import { inEachFormat, pngChunk, pngOf, quarters, tiffOf, withOrientation } from "./test_images.ts";
import { fullOr } from "../../helpers/full_or.ts";

const EXIF = (orientation: number) =>
  Buffer.from(`4d4d002a0000000800010112000300000001000${orientation}000000000000`, "hex");

/** Decodes a file as the decoding process does, upright. */
async function decode(bytes: Uint8Array): Promise<Picture> {
  const { type, size, orientation } = readImageHeader(bytes);
  return orient(await (await loadDecoder(type))(bytes, size), orientation);
}

/** The pixel in each quarter, from the top left, as near as lossy formats come. */
async function colors(bytes: Uint8Array): Promise<number[][]> {
  const { width, height, rgba } = await decode(bytes);
  return [[1, 1], [3, 1], [1, 3], [3, 3]].map(([x, y]) => {
    const at = (Math.floor(y! * height / 4) * width + Math.floor(x! * width / 4)) * 4;
    return [...rgba.subarray(at, at + 4)].map((value) => value > 127 ? 255 : 0);
  });
}

const RED = [255, 0, 0, 255], GREEN = [0, 255, 0, 255];
const BLUE = [0, 0, 255, 255], WHITE = [255, 255, 255, 255];

Deno.test("PNG heeds the orientation of an eXIf chunk, and of the text that ImageMagick writes", async () => {
  const { png } = await inEachFormat(quarters(8, 4));
  const hex = Buffer.concat([Buffer.from("Exif\0\0"), EXIF(6)]).toString("hex");
  const text = `Raw profile type exif\0\nexif\n      32\n${hex}\n`;
  const packed = Buffer.concat([
    Buffer.from("Raw profile type exif\0\0"),
    deflateSync(Buffer.from(text.slice(22))),
  ]);
  const chunks: [string, Buffer][] = [
    ["eXIf", EXIF(6)],
    ["tEXt", Buffer.from(text)],
    ["zTXt", packed],
  ];
  for (const [type, data] of chunks) {
    const turned = withChunk(png!, pngChunk(type, data));
    assert.equal(readImageHeader(turned).orientation, 6, type);
    assert.deepEqual(await colors(turned), [BLUE, RED, WHITE, GREEN], type);
  }
});

Deno.test("WebP, TIFF and JPEG heed their orientation", async () => {
  const { jpg, webp, tiff } = await inEachFormat(quarters(8, 4));
  assert.deepEqual(readImageHeader(withOrientation(jpg!, 8)).orientation, 8);
  const extended = withExif(webp!, { width: 8, height: 4 }, EXIF(3));
  assert.deepEqual(readImageHeader(extended), {
    type: "webp",
    size: { width: 8, height: 4 },
    orientation: 3,
  });
  assert.deepEqual(await colors(extended), [WHITE, BLUE, GREEN, RED]);
  const turned = tiffOf(
    { 256: [2], 257: [1], 258: [8, 8, 8], 262: [2], 274: [2], 277: [3] },
    RGB_PAIR,
  );
  const { width, height, rgba } = await decode(turned);
  assert.deepEqual([width, height, ...rgba], [2, 1, ...GREEN, ...RED]);
  assert.equal(readImageHeader(tiff!).orientation, 1);
});

const RGB_PAIR = [255, 0, 0, 0, 255, 0];

Deno.test("PNG of an animation is its first picture", async () => {
  const first = quarters(4, 4);
  const { png } = await inEachFormat(first);
  const control = (number: number) =>
    pngChunk("fcTL", Buffer.from([0, 0, 0, number, ...new Uint8Array(22)]));
  const frame = pngChunk(
    "fdAT",
    Buffer.concat([Buffer.from([0, 0, 0, 1]), deflateSync(new Uint8Array(52))]),
  );
  const end = png!.length - 12;
  const animated = Buffer.concat([
    withChunk(png!.subarray(0, end), pngChunk("acTL", Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))),
    control(0),
    frame,
    png!.subarray(end),
  ]);
  assert.deepEqual((await decode(animated)).rgba, first.rgba);
});

Deno.test("PNG of linear light is brightened, unless it says that it is sRGB", async () => {
  const rows = new Uint8Array([0, 55, 128, 255, 77]);
  const gamma = (value: number) =>
    pngChunk("gAMA", Buffer.from([0, value >> 16, value >> 8 & 255, value & 255]));
  const plain = pngOf(1, 1, rows);
  const grey = async (bytes: Uint8Array) => [...(await decode(bytes)).rgba];
  assert.deepEqual(await grey(plain), [55, 128, 255, 77]);
  assert.deepEqual(await grey(withChunk(plain, gamma(45_455))), [55, 128, 255, 77]);
  assert.deepEqual(await grey(withChunk(plain, gamma(100_000))), [128, 188, 255, 77]);
  const srgb = pngChunk("sRGB", Buffer.from([0]));
  assert.deepEqual(await grey(withChunk(withChunk(plain, gamma(100_000)), srgb)), [
    55,
    128,
    255,
    77,
  ]);
});

Deno.test("WebP of an animation is its first picture, at its place on the canvas", async () => {
  const { webp } = await inEachFormat(quarters(8, 4));
  const animated = animatedWebp(webp!, { width: 16, height: 4 });
  const { width, height, rgba } = await decode(animated);
  assert.deepEqual([width, height], [16, 4]);
  assert.deepEqual([...rgba.subarray(0, 4)], [0, 0, 0, 0]);
  assert.ok(rgba[8 * 4]! > 250 && rgba[8 * 4 + 3] === 255);
  assert.match((await previewFile("x.webp", animated)).at(-1)!, /^WebP · 16 × 4 · /);
});

Deno.test("TIFF of rare samples has the right pixels", async () => {
  const grey = { 256: [2], 257: [1], 262: [1], 277: [1] };
  const rgb = { 256: [2], 257: [1], 262: [2], 277: [3] };
  const cases: [
    name: string,
    tags: Record<number, number[]>,
    data: number[],
    pixels: number[][],
  ][] = [
    ["2 bits", { ...grey, 258: [2] }, [0b01100000], [[85], [170]]],
    ["4 bits", { ...grey, 258: [4] }, [0x3c], [[51], [204]]],
    ["4 bits, white is zero", { ...grey, 258: [4], 262: [0] }, [0x3c], [[204], [51]]],
    ["4 bits, lowest first", { ...grey, 258: [4], 266: [2] }, [0b00111100], [[51], [204]]],
    ["12 bits", { ...grey, 258: [12] }, [0x80, 0x0f, 0xff], [[128], [255]]],
    ["16 bits", { ...grey, 258: [16] }, [0x80, 0, 0xff, 0xff], [[128], [255]]],
    ["floats", { ...grey, 258: [32], 339: [3] }, [0x3f, 0, 0, 0, 0x3f, 0x80, 0, 0], [[128], [255]]],
    ["palette", { ...grey, 258: [1], 262: [3], 320: [0, 65535, 0, 32896, 0, 0] }, [0x40], [[
      0,
      0,
      0,
    ], [255, 128, 0]]],
    ["planes", { ...rgb, 258: [8, 8, 8], 284: [2], 273: [0, 2, 4], 279: [2, 2, 2], 278: [1] }, [
      255,
      0,
      0,
      255,
      0,
      0,
    ], [[255, 0, 0], [0, 255, 0]]],
    ["alpha multiplied in", { ...rgb, 258: [8, 8, 8, 8], 277: [4], 338: [1] }, [
      64,
      32,
      0,
      128,
      0,
      0,
      0,
      0,
    ], [[128, 64, 0, 128], [0, 0, 0, 0]]],
    ["CMYK", { ...rgb, 258: [8, 8, 8, 8], 262: [5], 277: [4] }, [0, 255, 255, 0, 0, 0, 0, 128], [[
      255,
      0,
      0,
    ], [127, 127, 127]]],
    ["L*a*b*", { ...rgb, 258: [8, 8, 8], 262: [8] }, [255, 0, 0, 136, 80, 67], [[255, 255, 255], [
      254,
      0,
      0,
    ]]],
  ];
  for (const [name, tags, data, pixels] of cases) {
    const { rgba } = await decode(tiffOf(tags, data));
    for (const [i, value] of rgba.entries()) {
      const pixel = pixels[Math.floor(i / 4)]!;
      const wanted = i % 4 === 3 ? pixel[3] ?? 255 : pixel[i % 4] ?? pixel[0]!;
      assert.ok(Math.abs(value - wanted) <= 2, `${name}: ${rgba}`);
    }
  }
});

Deno.test("a picture that is not drawn says why", async () => {
  const { png, jpg, webp } = await inEachFormat(quarters(8, 4));
  const grey = { 256: [1], 257: [1], 258: [8], 262: [1], 277: [1] };
  const flipped = png!.slice();
  flipped[png!.length - 20]! ^= 0xff;
  const files: [Uint8Array, string][] = [
    [tiffOf({ ...grey, 259: [34_925] }, [0]), "TIFF images compressed by LZMA are not drawn"],
    [tiffOf({ ...grey, 259: [7777] }, [0]), "TIFF images compressed by method 7777 are not drawn"],
    [tiffOf({ ...grey, 262: [4] }, [0]), "TIFF images of such colours are not drawn"],
    [tiffOf({ ...grey, 279: [900] }, [0]), "the TIFF is damaged: its end is missing"],
    [Buffer.from("0000001c6674797061766966000000006d696631", "hex"), "AVIF images are not drawn"],
    [flipped, "the PNG is damaged"],
    [png!.subarray(0, 70), "the PNG is damaged: its end is missing"],
    [png!.subarray(0, 20), "the PNG is damaged: its header cannot be read"],
    [jpg!.subarray(0, 5), "the JPEG is damaged: its header cannot be read"],
    [webp!.subarray(0, 30), "the WebP is damaged: its end is missing"],
  ];
  for (const [bytes, reason] of fullOr(files, files.slice(-2))) {
    assert.deepEqual(await previewFile("x.png", bytes), [`no preview: ${reason}`]);
  }
});

Deno.test("a picture cut at any byte is refused with a reason, whole, or marked", async () => {
  const files = await inEachFormat(quarters(16, 12));
  for (const [type, bytes] of Object.entries(files)) {
    const whole = (await decode(bytes)).rgba;
    for (let size = 12; size < Math.min(bytes.length, 1024); size += fullOr(1, 11)) {
      const cut = bytes.slice(0, size);
      try {
        const { rgba } = await decode(cut);
        const isMarked = formatOf(type).isCutOff(cut);
        assert.ok(isMarked || Buffer.compare(rgba, whole) === 0, `${type}, ${size} bytes`);
      } catch (error) {
        assert.ok(
          error instanceof P2pError && error.code === "refused",
          `${type}, ${size}: ${error}`,
        );
      }
    }
  }
});

Deno.test("TIFF of a directory that names itself the next is drawn or refused in time", async () => {
  const bytes = new Uint8Array(UTIF.encodeImage(new Uint8Array(16).fill(255), 2, 2));
  const loop = new Uint8Array(tiffOf({ 256: [1], 257: [1], 258: [8], 262: [1], 277: [1] }, [7], 8));
  assert.equal((await decode(loop)).rgba.length, 4);
  assert.equal((await decode(bytes)).rgba.length, 16);
});

/** A PNG with a chunk behind its header. */
function withChunk(png: Uint8Array, chunk: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}

/** A still WebP as the extended form with Exif. */
function withExif(webp: Uint8Array, size: { width: number; height: number }, exif: Uint8Array) {
  return riff([vp8x(size, 0x08), webp.subarray(12), riffChunk("EXIF", exif)]);
}

/** An animation of one frame, eight pixels from the left of its canvas. */
function animatedWebp(webp: Uint8Array, size: { width: number; height: number }): Uint8Array {
  const header = Buffer.from([4, 0, 0, 0, 0, 0, 7, 0, 0, 3, 0, 0, 100, 0, 0, 0]);
  const frame = riffChunk("ANMF", Buffer.concat([header, webp.subarray(12)]));
  return riff([vp8x(size, 0x02), riffChunk("ANIM", new Uint8Array(6)), frame]);
}

function vp8x({ width, height }: { width: number; height: number }, flags: number): Uint8Array {
  return riffChunk("VP8X", Buffer.from([flags, 0, 0, 0, width - 1, 0, 0, height - 1, 0, 0]));
}

function riffChunk(type: string, data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([Buffer.from(type), length, data, new Uint8Array(data.length % 2)]);
}

function riff(chunks: Uint8Array[]): Uint8Array {
  return riffChunk("RIFF", Buffer.concat([Buffer.from("WEBP"), ...chunks]));
}
