// deno-lint-ignore-file no-control-regex -- escapes are what is looked for
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { imageSize } from "image-size";
import { drawBlocks } from "../../../src/preview/image/draw_blocks.ts";
import { drawCharacters } from "../../../src/preview/image/draw_characters.ts";
import { drawIterm2, drawKitty } from "../../../src/preview/image/draw_inline.ts";
import { checkedSixel, loadSixel } from "../../../src/preview/image/draw_sixel.ts";
import { encodePng } from "../../../src/preview/image/encode_png.ts";
import { loadDecoder } from "../../../src/preview/image/image_decoders.ts";
import type { Picture } from "../../../src/preview/image/picture.ts";
import { quarters } from "./test_images.ts";

const R = [255, 0, 0, 255], G = [0, 255, 0, 255], W = [255, 255, 255, 255], CLEAR = [9, 9, 9, 0];

Deno.test("drawBlocks puts two pixels into a cell, and names a colour only where it changes", () => {
  const picture = pictureOf([[R, R, G], [W, W, G]]);
  assert.deepEqual(drawBlocks(picture, "truecolor"), [
    "\x1b[38;2;255;0;0;48;2;255;255;255m▀▀\x1b[38;2;0;255;0;48;2;0;255;0m▀\x1b[0m",
  ]);
});

Deno.test("drawBlocks leaves the terminal's background where nothing is", () => {
  const picture = pictureOf([[CLEAR, R, CLEAR, R], [CLEAR, CLEAR, G, R], [R, CLEAR, CLEAR, CLEAR]]);
  assert.deepEqual(drawBlocks(picture, "truecolor"), [
    " \x1b[38;2;255;0;0m▀\x1b[38;2;0;255;0m▄\x1b[38;2;255;0;0;48;2;255;0;0m▀\x1b[0m",
    "\x1b[38;2;255;0;0m▀   \x1b[0m",
  ]);
});

Deno.test("drawBlocks blends what is half transparent over black", () => {
  const [line] = drawBlocks(pictureOf([[[200, 100, 0, 128]]]), "truecolor");
  assert.equal(line, "\x1b[38;2;100;50;0m▀\x1b[0m");
});

Deno.test("drawBlocks finds the nearest of 256 colours", () => {
  const grey = [128, 128, 128, 255], orange = [250, 140, 10, 255];
  assert.deepEqual(drawBlocks(pictureOf([[R, grey], [W, orange]]), "256"), [
    "\x1b[38;5;196;48;5;231m▀\x1b[38;5;244;48;5;208m▀\x1b[0m",
  ]);
});

Deno.test("drawCharacters writes no escape, brighter for brighter", () => {
  const lines = drawCharacters(pictureOf([[W, R, CLEAR, W], [W, R, CLEAR, CLEAR]]));
  assert.deepEqual(lines, ["@: ="]);
});

Deno.test("drawKitty sends a PNG in sequences of 4096 characters, and wants no answer", () => {
  const png = new Uint8Array(4000).fill(7);
  const sequences = drawKitty(png, 30).split("\x1b\\");
  assert.equal(sequences.pop(), "");
  assert.match(sequences[0]!, /^\x1b_Ga=T,f=100,q=2,c=30,m=1;[A-Za-z0-9+/]{4096}$/);
  assert.match(sequences[1]!, /^\x1b_Gm=0;[A-Za-z0-9+/=]+$/);
  const payload = sequences.map((sequence) => sequence.split(";")[1]).join("");
  assert.deepEqual(new Uint8Array(Buffer.from(payload, "base64")), png);
});

Deno.test("drawIterm2 sends a PNG with its length and width in cells", () => {
  const png = new Uint8Array([1, 2, 3, 4]);
  const settings = "inline=1;size=4;width=30;preserveAspectRatio=1";
  assert.equal(drawIterm2(png, 30), `\x1b]1337;File=${settings}:AQIDBA==\x07`);
});

Deno.test("loadSixel draws what checkedSixel lets through, size and colours included", async () => {
  const drawSixel = await loadSixel();
  const text = checkedSixel(drawSixel(quarters(8, 12)));
  assert.ok(text.startsWith('\x1bP0;1;q"1;1;8;12#'), text.slice(0, 40));
  for (const rgb of ["100;0;0", "0;100;0", "0;0;100", "100;100;100"]) {
    assert.match(text, new RegExp(`#\\d+;2;${rgb}`));
  }
  assert.ok(text.endsWith("\x1b\\"));
});

Deno.test("checkedSixel lets nothing else through", () => {
  const evil = [
    "\x1bP0;1;q#0\x1b\\\x1b[2J",
    "\x1b[2J\x1bP0;1;q#0\x1b\\",
    "\x1bP0;1;q#0\x1b]0;title\x07\x1b\\",
    "\x1bP0;1;q#0\x9c\x1b\\",
    "\x1bP0;1;q#0",
    "",
  ];
  for (const text of evil) {
    assert.throws(() => checkedSixel(new TextEncoder().encode(text)), { code: "refused" });
  }
});

Deno.test("encodePng keeps every pixel, and transparency where there is some", async () => {
  const decode = await loadDecoder("png");
  const opaque = quarters(7, 5);
  const clear = pictureOf([[R, CLEAR, G], [W, R, [1, 2, 3, 4]]]);
  for (const picture of [opaque, clear]) {
    const png = await encodePng(picture);
    assert.deepEqual({ ...imageSize(png) }, {
      type: "png",
      width: picture.width,
      height: picture.height,
    });
    assert.deepEqual((await decode(png, picture)).rgba, picture.rgba);
    assert.equal(png[25], picture === opaque ? 2 : 6);
  }
});

function pictureOf(rows: number[][][]): Picture {
  const rgba = new Uint8Array(rows.flat(2));
  return { width: rows[0]!.length, height: rows.length, rgba };
}
