import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { decodeImage } from "../../../src/preview/image/decode_image.ts";
import { readImageHeader } from "../../../src/preview/image/image_header.ts";
import { MAX_IMAGE_BYTES } from "../../../src/preview/image/image_limits.ts";
import { loadDecoder } from "../../../src/preview/image/image_decoders.ts";
import { imageProcessCommand, runImageProcess } from "../../../src/preview/image/image_process.ts";
import { decodeReply } from "../../../src/preview/image/image_reply.ts";
import { orient, orientSize } from "../../../src/preview/image/orient.ts";
import { fitSize, type Picture, type Size } from "../../../src/preview/image/picture.ts";
import { shrink } from "../../../src/preview/image/shrink.ts";
import { previewFile } from "../preview_file.ts";
import { inEachFormat, pngOf, QUARTERS, quarters, withOrientation } from "./test_images.ts";
import { fullOr } from "../../helpers/full_or.ts";
import { TempDir } from "../../helpers/temp_dir.ts";

Deno.test("decoders give the pixels of each format", async () => {
  const files = await inEachFormat(quarters(32, 24));
  for (const [type, bytes] of Object.entries(files)) {
    const header = readImageHeader(bytes);
    assert.deepEqual(header, { type, size: { width: 32, height: 24 }, orientation: 1 });
    const decode = await loadDecoder(type);
    assertQuarters(await decode(bytes, header.size), QUARTERS, type);
  }
});

Deno.test("decodeImage shrinks a picture into its box, in the decoding process", async () => {
  const files = await inEachFormat(quarters(64, 32));
  for (const type of fullOr(["jpg", "png", "gif", "webp", "tiff", "bmp"], ["webp"])) {
    const { body, ...facts } = await withFile(
      files[type]!,
      (path) => decodeImage(path, { box: { width: 16, height: 16 }, form: "rgba" }),
    );
    const drawn = { width: 16, height: 8 };
    assert.deepEqual(facts, { type, image: { width: 64, height: 32 }, drawn });
    assertQuarters({ ...drawn, rgba: body }, QUARTERS, type);
  }
});

Deno.test("decodeImage turns a JPEG upright by its Exif orientation", async () => {
  const { jpg } = await inEachFormat(quarters(64, 32));
  const turned = withOrientation(jpg!, 6);
  const { body, ...facts } = await withFile(
    turned,
    (path) => decodeImage(path, { box: { width: 100, height: 100 }, form: "rgba" }),
  );
  const size = { width: 32, height: 64 };
  assert.deepEqual(facts, { type: "jpg", image: size, drawn: size });
  // Turned a quarter clockwise: what was at the lower left is at the upper left.
  const [red, green, blue, white] = QUARTERS;
  assertQuarters({ ...size, rgba: body }, [blue, red, white, green], "orientation 6");
});

Deno.test("orient undoes each of the eight orientations of Exif", () => {
  const stored = quarters(4, 2);
  const [a, b, c, d] = QUARTERS;
  const upright = [
    [],
    [a, b, c, d],
    [b, a, d, c],
    [d, c, b, a],
    [c, d, a, b],
    [a, c, b, d],
    [c, a, d, b],
    [d, b, c, a],
    [b, d, a, c],
  ];
  for (let orientation = 1; orientation <= 8; orientation++) {
    const picture = orient(stored, orientation);
    const { width, height } = orientSize(stored, orientation);
    assert.deepEqual([picture.width, picture.height], [width, height]);
    assertQuarters(picture, upright[orientation]!, `orientation ${orientation}`);
  }
});

Deno.test("shrink takes the mean of what is seen, and none of what is transparent", () => {
  const rgba = new Uint8Array([200, 0, 0, 255, 100, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 0]);
  const { rgba: mean } = shrink({ width: 2, height: 2, rgba }, { width: 1, height: 1 });
  assert.deepEqual([...mean], [150, 0, 0, 128]);
});

Deno.test("fitSize keeps the aspect ratio, enlarges nothing, and leaves no side empty", () => {
  assert.deepEqual(fitSize({ width: 6000, height: 4000 }, { width: 80, height: 40 }), {
    width: 60,
    height: 40,
  });
  assert.deepEqual(fitSize({ width: 10, height: 5 }, { width: 80, height: 40 }), {
    width: 10,
    height: 5,
  });
  assert.deepEqual(fitSize({ width: 30_000, height: 1 }, { width: 80, height: 40 }), {
    width: 80,
    height: 1,
  });
});

Deno.test("readImageHeader refuses what is too large to decode", () => {
  const header = (width: number, height: number) => () =>
    readImageHeader(pngOf(width, height, new Uint8Array()));
  assert.throws(header(64_250, 64_250), { code: "refused", message: /64250 × 64250 pixels/ });
  assert.throws(header(32_769, 1), { code: "refused", message: /32768 a side/ });
  assert.throws(header(7072, 7072), { code: "refused", message: /50 megapixels/ });
  assert.throws(header(0, 10), { code: "refused" });
  assert.doesNotThrow(header(32_768, 1));
  assert.doesNotThrow(header(7071, 7071));
});

Deno.test("previewImage draws nothing of a bomb, and says why", async () => {
  const bombs: Record<string, [content: Uint8Array, reason: RegExp]> = {
    "by header": [pngOf(64_250, 64_250, new Uint8Array()), /64250 × 64250 pixels/],
    "by size": [jpegHeadOf(MAX_IMAGE_BYTES + 1), /larger than 32 MiB/],
    "without image": [new Uint8Array([0xff, 0xd8, 0xff]), /header/],
  };
  const all = Object.entries(bombs);
  for (const [name, [content, reason]] of fullOr(all, all.slice(0, 1))) {
    const lines = await previewFile("x.jpg", content);
    assert.equal(lines.length, 1, name);
    assert.match(lines[0]!, /^no preview: /, name);
    assert.match(lines[0]!, reason, name);
  }
});

Deno.test("previewImage takes no more of a file than its header says", async () => {
  const lines = await previewFile("x.png", pngOf(10, 10, new Uint8Array(100_000_000)));
  assert.ok(lines.length === 1 || lines.length === 6, lines.join("\n"));
});

Deno.test("decoders of WebAssembly throw on files that are cut or flipped, or give a picture", async () => {
  const { tiff: _, ...files } = await inEachFormat(quarters(16, 12));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.entries(files)),
      damage(),
      async ([type, bytes], spoil) => {
        const decode = await loadDecoder(type);
        try {
          const { size } = readImageHeader(spoil(bytes));
          // A changed header may ask for less than the limits, and yet more than a test should take.
          if (size.width * size.height > 1_000_000) return;
          const picture = await decode(spoil(bytes), size);
          assert.equal(shrink(picture, { width: 4, height: 3 }).rgba.length, 48);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      },
    ),
    { numRuns: fullOr(300, 60) },
  );
});

Deno.test("previewImage outlives flipped files of each format", async () => {
  const files = Object.entries(await inEachFormat(quarters(16, 12)));
  for (const [type, bytes] of fullOr(files, files.slice(0, 1))) {
    for (const part of fullOr([0.2, 0.5, 0.9], [0.5])) {
      const flipped = bytes.slice();
      flipped[Math.floor(bytes.length * part)]! ^= 0xff;
      const lines = await previewFile(`x.${type}`, flipped);
      assert.ok(lines.length >= 1 && lines.length <= 22, lines.join("\n"));
    }
  }
});

Deno.test("previewImage shows a picture or one line for damaged files of each format", async () => {
  const files = Object.entries(await inEachFormat(quarters(40, 30)));
  for (const [type, bytes] of fullOr(files, files.slice(-1))) {
    const lines = await previewFile(`x.${type}`, bytes.subarray(0, bytes.length * 0.6));
    assert.ok(lines.length === 1 ? /^no preview: /.test(lines[0]!) : lines.length === 16, type);
  }
});

/** Keeps a process from its end: by work, which nothing but a kill can stop, or without the heat. */
const FOREVER = fullOr("for (;;);", "setTimeout(() => {}, 1e9);");

const KILLED: Record<string, [code: string, message: RegExp]> = {
  "does not start": [FOREVER, /did not start/],
  "does not come to an end": [
    `await Deno.stdout.write(new Uint8Array(1)); ${FOREVER}`,
    /too long to decode/,
  ],
  "writes too much": [
    "for (;;) await Deno.stdout.write(new Uint8Array(100_000));",
    /wrote too much/,
  ],
};

// All at once, for two of them wait until a time is over.
Deno.test(`runImageProcess kills a process that ${Object.keys(KILLED).join(", or ")}`, async () => {
  await Promise.all(
    Object.values(KILLED).map(([code, message]) => assertRefused(code, message)),
  );
});

Deno.test("runImageProcess ends when its signal aborts", async () => {
  await assertRefused("for (;;);", /interrupted/, AbortSignal.abort());
});

Deno.test("the decoding process takes no file that has grown beyond the limit", async () => {
  await withFile(jpegHeadOf(MAX_IMAGE_BYTES + 1), async (path) => {
    using input = await Deno.open(path);
    const output = await runImageProcess(["8", "8", "rgba", "jpg"], { input, maxBytes: 10_000 });
    assert.deepEqual(decodeReply(output)?.reply, { refused: "the file changed while it was read" });
  });
});

Deno.test("the decoding process has no permission when it reads the first byte", async () => {
  const child = new URL("../../../src/preview/image/image_child.ts", import.meta.url).href;
  const code = `
    const states = {}, { readable } = Deno.stdin;
    Object.defineProperty(Deno.stdin, "readable", { get: () => {
      for (const name of ["read", "write", "net", "run", "env", "sys", "ffi", "import"]) {
        states[name] = Deno.permissions.querySync({ name }).state;
      }
      return readable;
    } });
    const { runImageChild } = await import(${JSON.stringify(child)});
    await runImageChild(["8", "8", "rgba", "png"]);
    console.error(JSON.stringify(states));`;
  const { png } = await inEachFormat(quarters(8, 8));
  await withFile(png!, async (path) => {
    const args = ["-c", '"$0" eval "$1" < "$2"', Deno.execPath(), code, path];
    const { stdout, stderr } = await new Deno.Command("sh", { args }).output();
    assert.equal(decodeReply(stdout)?.body.length, 8 * 8 * 4);
    const states = Object.entries(JSON.parse(new TextDecoder().decode(stderr)));
    assert.equal(states.length, 8);
    for (const [name, state] of states) assert.notEqual(state, "granted", name);
  });
});

const WAYS_OUT = {
  "a remote module": "https://127.0.0.1:1/x.ts",
  "a module of the hosts that the runtime trusts": "https://jsr.io/x.ts",
  "a package that is not in the cache": `npm:no-such-${crypto.randomUUID()}`,
};

Deno.test("the decoding process imports nothing that is not in the cache, and hears no secret", async () => {
  const { path, args } = imageProcessCommand();
  await using dir = await TempDir.make();
  const module = dir.join("child.ts");
  await Deno.writeTextFile(
    module,
    `const out = { env: Object.keys(Deno.env.toObject()), imported: [] as string[] };
    for (const url of ${JSON.stringify(Object.values(WAYS_OUT))}) {
      await import(url).then(() => out.imported.push(url), () => {});
    }
    await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(out)));`,
  );
  const flags = args.slice(0, -1).filter((arg) => !arg.startsWith("--allow-env"));
  const command = { path, args: [...flags, "--allow-env", module] };
  Deno.env.set("P2P_SECRET", "seven words that nobody else knows");
  try {
    const output = await withFile(new Uint8Array(1), async (file) => {
      using input = await Deno.open(file);
      return await runImageProcess([], { input, maxBytes: 10_000, command });
    });
    const { env, imported } = JSON.parse(new TextDecoder().decode(output));
    assert.deepEqual(imported, []);
    const mine = ["P2P_SECRET", "P2P_HOME", "LANG", "USER"];
    assert.deepEqual(env.filter((name: string) => mine.includes(name)), []);
  } finally {
    Deno.env.delete("P2P_SECRET");
  }
});

Deno.test("decodeReply takes nothing from the process but what it asked for", () => {
  const decode = (text: string) => decodeReply(new TextEncoder().encode("\x06" + text));
  const size = { width: 2, height: 1 };
  const facts = { type: "png", image: size, drawn: size };
  assert.deepEqual(decode(JSON.stringify(facts) + "\nrest")?.reply, facts);
  assert.deepEqual(decode('{"refused":"no"}\n')?.reply, { refused: "no" });
  const wrong = [
    "",
    "no JSON\n",
    "null\n",
    "{}\n",
    JSON.stringify(facts),
    JSON.stringify({ ...facts, drawn: { width: 1e5, height: 1e5 } }) + "\n",
    JSON.stringify({ ...facts, drawn: { width: -1, height: -1 } }) + "\n",
    JSON.stringify({ ...facts, image: null }) + "\n",
    `{"type":"${"x".repeat(2000)}"}\n`,
  ];
  for (const text of wrong) assert.equal(decode(text), undefined, text.slice(0, 60));
});

/** A file of this length that begins as a JPEG does. */
function jpegHeadOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([0xff, 0xd8, 0xff]);
  return bytes;
}

/** Cuts a file short, or flips some of its bits. */
function damage(): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const cut = fc.double({ min: 0, max: 1, noNaN: true })
    .map((part) => (bytes: Uint8Array) => bytes.slice(0, part * bytes.length));
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 8 });
  const flip = flips.map((places) => (bytes: Uint8Array) => {
    const flipped = bytes.slice();
    for (const [at, bit] of places) flipped[at % bytes.length]! ^= 1 << bit;
    return flipped;
  });
  return fc.oneof(cut, flip);
}

async function assertRefused(code: string, message: RegExp, signal?: AbortSignal): Promise<void> {
  await withFile(new Uint8Array(1_000_000), async (path) => {
    using input = await Deno.open(path);
    const command = { path: Deno.execPath(), args: ["eval", code] };
    const options = { input, maxBytes: 10_000, command, signal };
    await assert.rejects(runImageProcess([], options), { code: "refused", message });
  });
}

async function withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "file");
    await Deno.writeFile(path, bytes);
    return await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The four quarters of a picture have these colours, as near as JPEG comes. */
function assertQuarters(
  picture: Picture,
  colors: readonly (readonly number[])[],
  name: string,
): void {
  const { width, height }: Size = picture;
  const centres = [[1, 1], [3, 1], [1, 3], [3, 3]];
  for (const [i, [x, y]] of centres.entries()) {
    const at = (Math.floor((y! * height) / 4) * width + Math.floor((x! * width) / 4)) * 4;
    const seen = [...picture.rgba.subarray(at, at + 4)];
    for (const [c, value] of [...colors[i]!, 255].entries()) {
      assert.ok(Math.abs(seen[c]! - value) < 40, `${name}: ${seen} at quarter ${i}`);
    }
  }
}
